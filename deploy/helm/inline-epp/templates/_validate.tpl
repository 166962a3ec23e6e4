{{/* What values.schema.json cannot say: values that contradict each other. Each message names the value. */}}
{{- define "inline-epp.validate" -}}
{{- $v := .Values -}}
{{- $sidecar := eq $v.mode "sidecar" -}}
{{- if not $v.image.repository -}}
{{- fail "image.repository is required: build the image with envoy/Dockerfile (target `sidecar`), push it, and name it here" -}}
{{- end -}}

{{- $scopes := list -}}
{{- if $v.scope.pool.name }}{{ $scopes = append $scopes "scope.pool" }}{{ end -}}
{{- if $v.scope.namespaces }}{{ $scopes = append $scopes "scope.namespaces" }}{{ end -}}
{{- if $v.scope.all }}{{ $scopes = append $scopes "scope.all" }}{{ end -}}
{{- if $v.scope.pods.selector }}{{ $scopes = append $scopes "scope.pods" }}{{ end -}}
{{- if gt (len $scopes) 1 -}}
{{- fail (printf "%s are set: choose one" (join " and " $scopes)) -}}
{{- end -}}
{{- if and (not $v.scope.pool.name) (or $v.scope.pool.namespace $v.scope.pool.group) -}}
{{- fail "scope.pool.name is required where scope.pool.namespace or scope.pool.group is set" -}}
{{- end -}}
{{- if ne (empty $v.scope.pods.selector) (empty $v.scope.pods.targetPorts) -}}
{{- fail "scope.pods.selector and scope.pods.targetPorts are required together" -}}
{{- end -}}
{{- if and $v.scope.pods.namespace (not $v.scope.pods.selector) -}}
{{- fail "scope.pods.selector is required where scope.pods.namespace is set" -}}
{{- end -}}

{{- $ports := list $v.ports.grpc $v.ports.health $v.ports.metrics $v.ports.extension -}}
{{- if ne (len ($ports | uniq)) 4 -}}
{{- fail "ports.grpc, ports.health, ports.metrics and ports.extension must differ" -}}
{{- end -}}
{{- with $v.envoyGateway -}}
{{- if and (not .enabled) (or .tlsSecret .clientCaSecret .filter) -}}
{{- fail "envoyGateway has no effect without envoyGateway.enabled: true" -}}
{{- end -}}
{{- if and .clientCaSecret (not .tlsSecret) -}}
{{- fail "envoyGateway.clientCaSecret has no effect without envoyGateway.tlsSecret" -}}
{{- end -}}
{{- end -}}
{{- if and $v.metrics.readers (not $v.metrics.auth) -}}
{{- fail "metrics.readers has no effect without metrics.auth: true" -}}
{{- end -}}
{{- if and $v.tracing.enabled (not $v.tracing.otelExporterEndpoint) -}}
{{- fail "tracing.otelExporterEndpoint is required where tracing.enabled is true" -}}
{{- end -}}
{{- if and $v.redis.replicaGroup (not $v.redis.existingSecret) -}}
{{- fail "redis.replicaGroup has no effect without redis.existingSecret" -}}
{{- end -}}
{{- if and $v.networkPolicy.enabled (not $v.networkPolicy.gateways) -}}
{{- fail "networkPolicy.gateways is required where networkPolicy.enabled is true: without a peer no gateway could connect" -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is above autoscaling.maxReplicas" -}}
{{- end -}}

{{- if and $sidecar (not $v.sidecar.serviceAccounts) -}}
{{- fail "sidecar.serviceAccounts is required in mode sidecar: the gateway's pods need the rights to watch pools and pods" -}}
{{- end -}}
{{- if and (not $sidecar) $v.sidecar.serviceAccounts -}}
{{- fail "sidecar.serviceAccounts has no effect in mode shared" -}}
{{- end -}}
{{- if $sidecar -}}
{{- range $name, $on := dict
    "autoscaling.enabled" $v.autoscaling.enabled
    "networkPolicy.enabled" $v.networkPolicy.enabled
    "envoyGateway.enabled" $v.envoyGateway.enabled
    "metrics.serviceMonitor.enabled" $v.metrics.serviceMonitor.enabled -}}
{{- if $on }}{{ fail (printf "%s has no effect in mode sidecar: the pods are the gateway's" $name) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}
