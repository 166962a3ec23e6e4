{{/* The container that runs the sidecar, wherever its pod comes from: names must not meet those of a gateway. */}}

{{- define "inline-epp.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The release's namespace as an argument. The pod's own, where that is the same: manifests can then be moved. */}}
{{- define "inline-epp.ownNamespace" -}}
{{- ternary .Release.Namespace "$(POD_NAMESPACE)" (eq .Values.mode "sidecar") -}}
{{- end }}

{{- define "inline-epp.scopeArgs" -}}
{{- $own := include "inline-epp.ownNamespace" . -}}
{{- with .Values.scope -}}
{{- if .pool.name }}
- "--pool-name={{ .pool.name }}"
- "--pool-namespace={{ default $own .pool.namespace }}"
{{- with .pool.group }}
- "--pool-group={{ . }}"
{{- end }}
{{- else if .pods.selector }}
- {{ printf "--endpoint-selector=%s" .pods.selector | quote }}
- "--endpoint-target-ports={{ join "," .pods.targetPorts }}"
- "--pool-namespace={{ default $own .pods.namespace }}"
{{- else if .namespaces }}
- "--namespaces={{ join "," .namespaces }}"
{{- else if .all }}
- --all-namespaces
{{- else }}
- "--namespaces={{ $own }}"
{{- end }}
{{- end }}
{{- end }}

{{- define "inline-epp.args" -}}
- serve
{{- include "inline-epp.scopeArgs" . }}
- --config-file=/etc/inline-epp/config.yaml
- "--grpc-port={{ .Values.ports.grpc }}"
- "--grpc-health-port={{ .Values.ports.health }}"
- "--metrics-port={{ .Values.ports.metrics }}"
- "--log-level={{ .Values.logLevel }}"
{{- if .Values.zonesFromNodes }}
- --zones-from-nodes
{{- end }}
{{- if .Values.metrics.auth }}
- --metrics-endpoint-auth
{{- end }}
{{- if eq (len .Values.metrics.families) 1 }}
- "--metrics-families={{ first .Values.metrics.families }}"
{{- end }}
{{- if .Values.tracing.enabled }}
- --tracing
{{- end }}
{{- with .Values.redis.replicaGroup }}
- {{ printf "--replica-group=%s" . | quote }}
{{- end }}
{{- with .Values.envoyGateway }}
{{- if .enabled }}
- --envoy-gateway-extension
- "--envoy-gateway-extension-port={{ $.Values.ports.extension }}"
- "--gateway-address={{ include "inline-epp.fullname" $ }}.{{ $.Release.Namespace }}.svc.{{ .clusterDomain }}:{{ $.Values.ports.grpc }}"
{{- if .tlsSecret }}
- --envoy-gateway-extension-cert-file=/etc/inline-epp-tls/tls.crt
- --envoy-gateway-extension-key-file=/etc/inline-epp-tls/tls.key
{{- end }}
{{- if .clientCaSecret }}
- --envoy-gateway-extension-client-ca-file=/etc/inline-epp-client-ca/ca.crt
{{- end }}
{{- with .filter }}
- {{ printf "--filter-settings=%s" (toJson .) | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "inline-epp.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- with .Values.redis }}
{{- if .existingSecret }}
- name: INLINE_EPP_REDIS
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- with .Values.tracing }}
{{- if .enabled }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .otelExporterEndpoint | quote }}
- name: OTEL_TRACES_SAMPLER
  value: {{ .sampling.sampler | quote }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .sampling.samplerArg | quote }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE)
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "inline-epp.container" -}}
name: inline-epp
image: {{ include "inline-epp.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
  {{- include "inline-epp.args" . | nindent 2 }}
env:
  {{- include "inline-epp.env" . | nindent 2 }}
ports:
  - name: epp-grpc
    containerPort: {{ .Values.ports.grpc }}
    protocol: TCP
  - name: epp-health
    containerPort: {{ .Values.ports.health }}
    protocol: TCP
  - name: epp-metrics
    containerPort: {{ .Values.ports.metrics }}
    protocol: TCP
  {{- if .Values.envoyGateway.enabled }}
  - name: epp-extension
    containerPort: {{ .Values.ports.extension }}
    protocol: TCP
  {{- end }}
livenessProbe:
  grpc:
    port: {{ .Values.ports.health }}
    service: liveness
  {{- toYaml .Values.probes.liveness | nindent 2 }}
readinessProbe:
  grpc:
    port: {{ .Values.ports.health }}
    service: readiness
  {{- toYaml .Values.probes.readiness | nindent 2 }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end }}

{{/* A folder, not a single file: only those follow a changed ConfigMap. */}}
{{- define "inline-epp.configMount" -}}
name: inline-epp-config
mountPath: /etc/inline-epp
readOnly: true
{{- end }}

{{- define "inline-epp.configVolume" -}}
name: inline-epp-config
configMap:
  name: {{ include "inline-epp.fullname" . }}
{{- end }}

{{/* Certificates of the extension's port. Folders, for the same reason. */}}
{{- define "inline-epp.secretMounts" -}}
{{- with .Values.envoyGateway.tlsSecret }}
- name: inline-epp-tls
  mountPath: /etc/inline-epp-tls
  readOnly: true
{{- end }}
{{- with .Values.envoyGateway.clientCaSecret }}
- name: inline-epp-client-ca
  mountPath: /etc/inline-epp-client-ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "inline-epp.secretVolumes" -}}
{{- with .Values.envoyGateway.tlsSecret }}
- name: inline-epp-tls
  secret:
    secretName: {{ . }}
{{- end }}
{{- with .Values.envoyGateway.clientCaSecret }}
- name: inline-epp-client-ca
  secret:
    secretName: {{ . }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end }}
