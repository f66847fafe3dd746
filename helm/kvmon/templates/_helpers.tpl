{{- define "kvmon.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "kvmon.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "kvmon.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "kvmon.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "kvmon.selector" -}}
app.kubernetes.io/name: {{ include "kvmon.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kvmon.labels" -}}
{{ include "kvmon.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.customLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kvmon.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "kvmon.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "kvmon.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{/* "yes" where one server is watched in exporter mode. */}}
{{- define "kvmon.exporterMode" -}}
{{- if or .Values.redisAddress .Values.redisAddressConfig.enabled -}}yes{{- end -}}
{{- end -}}

{{/* "yes" where Pods have a name or a disk of their own. */}}
{{- define "kvmon.stateful" -}}
{{- if or (gt (int .Values.shards) 1) .Values.persistence.enabled -}}yes{{- end -}}
{{- end -}}

{{/* What is asked of the API of the cluster, as JSON: plurals by namespace ("": all of them). */}}
{{- define "kvmon.watched" -}}
{{- $watched := dict -}}
{{- range dig "discovery" "kubernetes" list .Values.config -}}
{{- $source := ternary (dict "role" .) . (kindIs "string" .) -}}
{{- if not $source.api -}}
{{- range default (list "") $source.namespaces -}}
{{- $_ := set $watched . (append (default list (get $watched .)) (printf "%ss" $source.role) | uniq) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $watched -}}
{{- end -}}

{{/* What cloud identities are told by: annotations of the ServiceAccount. */}}
{{- define "kvmon.identity" -}}
{{- with .Values.azureWorkloadIdentity -}}
{{- if .enabled -}}
{{- with .clientId }}
azure.workload.identity/client-id: {{ . | quote }}
{{- end -}}
{{- with .tenantId }}
azure.workload.identity/tenant-id: {{ . | quote }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.awsRoleArn }}
eks.amazonaws.com/role-arn: {{ . | quote }}
{{- end -}}
{{- with .Values.serviceAccount.annotations }}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{/* Values that contradict each other, or that ask for what is not done, end the rendering with advice. */}}
{{- define "kvmon.validate" -}}
{{- $v := .Values -}}
{{- $exporter := include "kvmon.exporterMode" . -}}
{{- if and $v.redisAddress $v.redisAddressConfig.enabled -}}
{{- fail "redisAddress and redisAddressConfig say the same thing: keep one" -}}
{{- end -}}
{{- if and $exporter $v.config.targets -}}
{{- fail "redisAddress asks for exporter mode (one server), config.targets for others: keep one" -}}
{{- end -}}
{{- if not (or $exporter $v.config.targets $v.config.discovery $v.config.scrape_allow $v.env $v.envFrom) -}}
{{- fail "there is nothing to watch: name servers in config.targets or config.discovery, or set redisAddress, or REDIS_URL under env" -}}
{{- end -}}
{{- if and $v.auth.enabled (not $exporter) -}}
{{- fail "auth belongs to redisAddress: in config.targets give username and password_file, and list the Secret in secrets" -}}
{{- end -}}
{{- if and $v.redisTlsConfig.enabled (not $exporter) -}}
{{- fail "redisTlsConfig belongs to redisAddress: in config.targets give tls, and list the Secret in secrets" -}}
{{- end -}}
{{- if $v.auth.enabled -}}
{{- $given := 0 -}}
{{- range list $v.auth.redisPassword $v.auth.secret.name $v.auth.redisPasswordFile.secret.name -}}
{{- if . -}}{{- $given = add1 $given -}}{{- end -}}
{{- end -}}
{{- if ne (int $given) 1 -}}
{{- fail "auth.enabled needs exactly one of auth.redisPassword, auth.secret and auth.redisPasswordFile.secret" -}}
{{- end -}}
{{- end -}}
{{- if and $exporter (gt (int $v.shards) 1) -}}
{{- fail "shards share targets among them, and redisAddress is one: keep one, or name the servers in config.targets" -}}
{{- end -}}
{{- if and (gt (int $v.shards) 1) (ne (int $v.replicaCount) 1) -}}
{{- fail "shards and replicaCount: each part is one Pod, whose number shards says; leave replicaCount at 1" -}}
{{- end -}}
{{- if and (gt (int $v.shards) 1) $v.config.shard -}}
{{- fail "config.shard: the chart says it, by shards" -}}
{{- end -}}
{{- if and (or $v.azureWorkloadIdentity.enabled $v.awsRoleArn) (not $v.serviceAccount.create) -}}
{{- fail "a cloud identity belongs to a ServiceAccount of this chart: leave serviceAccount.create on, or annotate your own" -}}
{{- end -}}
{{- if or (dig "multipleTarget" false $v.serviceMonitor) (dig "targets" list $v.serviceMonitor) -}}
{{- fail "serviceMonitor.multipleTarget is not needed: name the servers in config.targets, and /metrics has them all" -}}
{{- end -}}
{{- if dig "configmap" "" (default dict $v.script) -}}
{{- fail "script is not supported: kvmon runs no scripts on a server" -}}
{{- end -}}
{{- end -}}

{{/* A text, number or boolean as it was written: printing alone makes 1e+06 of 1000000. */}}
{{- define "kvmon.scalar" -}}
{{- if kindIs "string" . -}}{{- . -}}{{- else -}}{{- toJson . -}}{{- end -}}
{{- end -}}

{{/* Variables as a list, whichever way they were given. */}}
{{- define "kvmon.env" -}}
{{- if kindIs "slice" .Values.env -}}
{{- toYaml .Values.env -}}
{{- else -}}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ include "kvmon.scalar" $value | quote }}
{{- end -}}
{{- end -}}
{{- end -}}
