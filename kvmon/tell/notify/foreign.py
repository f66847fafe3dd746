"""Alertmanager's words that mean nothing here: a file that uses one is refused, and is told which."""

from __future__ import annotations

_TOP = """
tracing
"""

_GLOBAL = """
http_config opsgenie_api_key opsgenie_api_key_file opsgenie_api_url rocketchat_api_url rocketchat_token rocketchat_token_file
rocketchat_token_id rocketchat_token_id_file slack_app_token slack_app_token_file slack_app_url smtp_auth_identity
smtp_auth_secret smtp_auth_secret_file smtp_force_implicit_tls smtp_tls_config telegram_api_url telegram_bot_token
victorops_api_key victorops_api_key_file victorops_api_url webex_api_url wechat_api_corp_id wechat_api_secret
wechat_api_secret_file wechat_api_url
"""

_RECEIVERS = """
discord_configs incidentio_configs jira_configs labels mattermost_configs msteams_configs msteamsv2_configs opsgenie_configs
pushover_configs rocketchat_configs sns_configs telegram_configs victorops_configs webex_configs wechat_configs
"""

_CONFIGS = """
actions app_token app_token_file app_url auth_identity auth_secret auth_secret_file blocks callback_id
enable_http2 event_group fields follow_redirects force_implicit_tls html http_headers image_url images link_names
links message_text mrkdwn_in no_proxy oauth2 payload proxy_connect_header proxy_from_environment proxy_url service_key
service_key_file short_fields threading thumb_url tls_config update_message
"""

REFUSED = frozenset(f"{_TOP} {_GLOBAL} {_RECEIVERS} {_CONFIGS}".split())
"""All of them."""
