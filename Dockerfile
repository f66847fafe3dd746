# kvmon as an image: docker build -t kvmon . && docker run --read-only -e REDIS_URL=redis://… -p 9121:9121 kvmon

FROM docker.io/library/python:3.13-slim-trixie AS build
# pip's own settings (an index, a proxy's certificate) may come from the builder as arguments or mounted files.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_RETRIES=10 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY kvmon kvmon
COPY docs/runbooks docs/runbooks
# What tokens need: --build-arg EXTRAS=entra, aws, or entra,aws.
ARG EXTRAS=""
# PIP_CONSTRAINT, other than --constraint, also holds for what builds the wheel.
RUN PIP_CONSTRAINT=/src/constraints.txt python -m pip wheel --wheel-dir /wheels ".${EXTRAS:+[$EXTRAS]}"
# Installed without the index: exactly these wheels. Modules are compiled now, since the root is read-only later.
RUN python -m venv --without-pip /opt/kvmon \
    && python -m pip --python /opt/kvmon/bin/python install --no-index --find-links /wheels "kvmon${EXTRAS:+[$EXTRAS]}"

FROM docker.io/library/python:3.13-slim-trixie
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="kvmon" \
      org.opencontainers.image.description="Prometheus exporter and health monitor for Redis and Valkey" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nothing is installed into a running container: pip goes, and what would bring it back.
RUN python -c "import ensurepip, importlib.util, pathlib, shutil; \
    found = [importlib.util.find_spec(name) for name in ('pip', 'ensurepip')]; \
    [shutil.rmtree(pathlib.Path(spec.origin).parent) for spec in found if spec]; \
    [path.unlink() for folder in ('/usr/bin', '/usr/local/bin') for path in pathlib.Path(folder).glob('pip*')]"
COPY --from=build /opt/kvmon /opt/kvmon
# For state_dir: a volume that is mounted here for the first time is this user's.
RUN install -d -o 65532 -g 65532 /var/lib/kvmon
# KVMON_LISTEN: a container is reached from outside, other than a daemon on a machine of its own.
ENV PATH=/opt/kvmon/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 KVMON_LISTEN=0.0.0.0:9121
USER 65532:65532
WORKDIR /
EXPOSE 9121
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['KVMON_LISTEN'].rpartition(':')[2] + '/livez', timeout=4)"]
ENTRYPOINT ["kvmon"]
CMD ["run"]
