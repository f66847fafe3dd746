"""What the dashboards for Grafana are made of: `python -m dashboards.source` writes `dashboards/grafana/*.json` anew."""

from __future__ import annotations

from dashboards.source.breakers import BREAKERS
from dashboards.source.cluster import CLUSTER
from dashboards.source.fleet import FLEET
from dashboards.source.model import Dashboard
from dashboards.source.own import OWN
from dashboards.source.target import TARGET

ALL: tuple[Dashboard, ...] = (FLEET, TARGET, CLUSTER, BREAKERS, OWN)
