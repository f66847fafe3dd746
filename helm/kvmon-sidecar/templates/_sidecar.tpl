{{/*
kvmon beside the server of its Pod: an item of `containers`, from a map with
  image            required
  address          of the server; default redis://localhost:6379
  user             of the server's ACL; default: none
  passwordSecret   {name, key} of its password; default: none
  port             default 9121, by the name kvmon-metrics
  env, resources   as in a container
The Pod needs `enableServiceLinks: false`: a Service called kvmon-web would set KVMON_WEB_PORT, which kvmon refuses.
*/}}
{{- define "kvmon-sidecar.container" -}}
{{- $port := int (default 9121 .port) -}}
- name: kvmon
  image: {{ required "kvmon-sidecar.container needs an image" .image | quote }}
  args: [run]
  env:
    - name: KVMON_LISTEN
      value: {{ printf "0.0.0.0:%d" $port | quote }}
    - name: REDIS_ADDR
      value: {{ default "redis://localhost:6379" .address | quote }}
    {{- with .user }}
    - name: REDIS_USER
      value: {{ . | quote }}
    {{- end }}
    {{- with .passwordSecret }}
    - name: REDIS_PASSWORD
      valueFrom:
        secretKeyRef:
          name: {{ .name }}
          key: {{ .key }}
    {{- end }}
    {{- with .env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: kvmon-metrics
      containerPort: {{ $port }}
      protocol: TCP
  # No readiness: whether kvmon answers says nothing about the server that the Pod is there for.
  livenessProbe:
    httpGet: {path: /livez, port: kvmon-metrics}
    periodSeconds: 10
    timeoutSeconds: 5
  startupProbe:
    httpGet: {path: /startupz, port: kvmon-metrics}
    periodSeconds: 2
    timeoutSeconds: 5
    failureThreshold: 60
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL]}
    seccompProfile: {type: RuntimeDefault}
  resources:
    {{- toYaml (default (dict "requests" (dict "cpu" "20m" "memory" "96Mi") "limits" (dict "memory" "192Mi")) .resources) | nindent 4 }}
{{- end -}}
