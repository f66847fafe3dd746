{{/* What a Pod of the Deployment or StatefulSet is like, from `metadata` on. */}}
{{- define "kvmon.pod" -}}
{{- $v := .Values -}}
{{- $tls := and $v.redisTlsConfig.enabled (include "kvmon.exporterMode" .) -}}
{{- $tlsFiles := dict "caCertFile" "CA_CERT" "clientCertFile" "CLIENT_CERT" "clientKeyFile" "CLIENT_KEY" -}}
{{- $passwordFile := and $v.auth.enabled $v.auth.redisPasswordFile.secret.name -}}
metadata:
  labels:
    {{- include "kvmon.labels" . | nindent 4 }}
    {{- with $v.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- if $v.azureWorkloadIdentity.enabled }}
    azure.workload.identity/use: "true"
    {{- end }}
  annotations:
    checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
    checksum/secret: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }}
    {{- with $v.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "kvmon.serviceAccount" . }}
  automountServiceAccountToken: {{ ne (include "kvmon.watched" .) "{}" }}
  # A Service called kvmon-web would set KVMON_WEB_PORT, and kvmon refuses variables of that prefix which it does not know.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $v.terminationGracePeriodSeconds }}
  securityContext:
    {{- toYaml $v.podSecurityContext | nindent 4 }}
  {{- with $v.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
    {{- end }}
  {{- end }}
  {{- with $v.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: kvmon
      image: {{ include "kvmon.image" . | quote }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      {{- with $v.command }}
      command:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      args:
        - run
        {{- if $v.config }}
        - --config=/etc/kvmon/kvmon.yaml
        {{- end }}
        {{- range $flag, $value := $v.extraArgs }}
        - {{ printf "--%s=%s" $flag (include "kvmon.scalar" $value) | quote }}
        {{- end }}
      env:
        - name: KVMON_LISTEN
          value: {{ printf "0.0.0.0:%d" (int $v.containerPort) | quote }}
        {{- if gt (int $v.shards) 1 }}
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: KVMON_SHARD
          value: {{ printf "auto/%d" (int $v.shards) | quote }}
        {{- end }}
        {{- if $v.persistence.enabled }}
        - name: KVMON_STATE_DIR
          value: /var/lib/kvmon
        {{- end }}
        {{- if $v.redisAddressConfig.enabled }}
        - name: REDIS_ADDR
          valueFrom:
            {{ ternary "secretKeyRef" "configMapKeyRef" $v.redisAddressConfig.isSecret }}:
              name: {{ $v.redisAddressConfig.source.name }}
              key: {{ $v.redisAddressConfig.source.key }}
        {{- else if $v.redisAddress }}
        - name: REDIS_ADDR
          value: {{ tpl $v.redisAddress . | quote }}
        {{- end }}
        {{- if $v.auth.enabled }}
        {{- with $v.auth.redisUser }}
        - name: REDIS_USER
          value: {{ . | quote }}
        {{- end }}
        {{- if $passwordFile }}
        - name: REDIS_PASSWORD_FILE
          value: {{ printf "%s/%s" $v.auth.redisPasswordFile.mountPath $v.auth.redisPasswordFile.secret.key | quote }}
        {{- else }}
        - name: REDIS_PASSWORD
          valueFrom:
            secretKeyRef:
              name: {{ default (include "kvmon.fullname" .) $v.auth.secret.name }}
              key: {{ ternary $v.auth.secret.key "redis-password" (ne $v.auth.secret.name "") }}
        {{- end }}
        {{- end }}
        {{- if $tls }}
        {{- if $v.redisTlsConfig.skipTlsVerification }}
        - name: REDIS_EXPORTER_SKIP_TLS_VERIFICATION
          value: "true"
        {{- end }}
        {{- range $file, $variable := $tlsFiles }}
        {{- with (get $v.redisTlsConfig $file).secret }}
        {{- if .name }}
        - name: REDIS_EXPORTER_TLS_{{ $variable }}_FILE
          value: {{ printf "%s/%s/%s" $v.redisTlsConfig.mountPath $file .key | quote }}
        {{- end }}
        {{- end }}
        {{- end }}
        {{- end }}
        {{- with include "kvmon.env" . | trim }}
        {{- . | nindent 8 }}
        {{- end }}
      {{- with $v.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ $v.containerPort }}
          protocol: TCP
      livenessProbe:
        {{- toYaml $v.livenessProbe | nindent 8 }}
      readinessProbe:
        {{- toYaml $v.readinessProbe | nindent 8 }}
      startupProbe:
        {{- toYaml $v.startupProbe | nindent 8 }}
      securityContext:
        {{- toYaml $v.securityContext | nindent 8 }}
      resources:
        {{- toYaml $v.resources | nindent 8 }}
      volumeMounts:
        {{- if $v.persistence.enabled }}
        - name: state
          mountPath: /var/lib/kvmon
        {{- end }}
        {{- if $v.config }}
        - name: config
          mountPath: /etc/kvmon
          readOnly: true
        {{- end }}
        {{- range $index, $name := $v.secrets }}
        - name: secret-{{ $index }}
          mountPath: /secrets/{{ $name }}
          readOnly: true
        {{- end }}
        {{- if $passwordFile }}
        - name: redis-password
          mountPath: {{ $v.auth.redisPasswordFile.mountPath }}
          readOnly: true
        {{- end }}
        {{- if $tls }}
        {{- range $file, $_ := $tlsFiles }}
        {{- if (get $v.redisTlsConfig $file).secret.name }}
        - name: {{ kebabcase $file }}
          mountPath: {{ $v.redisTlsConfig.mountPath }}/{{ $file }}
          readOnly: true
        {{- end }}
        {{- end }}
        {{- end }}
        {{- with $v.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    {{- if $v.config }}
    - name: config
      configMap:
        name: {{ include "kvmon.fullname" . }}
    {{- end }}
    {{- range $index, $name := $v.secrets }}
    - name: secret-{{ $index }}
      secret:
        secretName: {{ $name }}
        defaultMode: 0440
    {{- end }}
    {{- if $passwordFile }}
    - name: redis-password
      secret:
        secretName: {{ $v.auth.redisPasswordFile.secret.name }}
        defaultMode: 0440
    {{- end }}
    {{- if $tls }}
    {{- range $file, $_ := $tlsFiles }}
    {{- with (get $v.redisTlsConfig $file).secret.name }}
    - name: {{ kebabcase $file }}
      secret:
        secretName: {{ . }}
        defaultMode: 0440
    {{- end }}
    {{- end }}
    {{- end }}
    {{- with $v.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $v.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
