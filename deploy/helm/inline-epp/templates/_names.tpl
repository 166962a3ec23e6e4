{{/* What objects are called. */}}

{{- define "inline-epp.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "inline-epp.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "inline-epp.name" . -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* For what has no namespace: unique among releases of the same name. */}}
{{- define "inline-epp.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "inline-epp.fullname" .) -}}
{{- end }}

{{- define "inline-epp.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "inline-epp.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "inline-epp.selectorLabels" -}}
app.kubernetes.io/name: {{ include "inline-epp.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Without what changes with the chart alone: a pod is not replaced for that. */}}
{{- define "inline-epp.podLabels" -}}
{{- $ours := merge (include "inline-epp.selectorLabels" . | fromYaml) (dict "app.kubernetes.io/version" .Chart.AppVersion) -}}
{{- toYaml (merge $ours .Values.podLabels .Values.commonLabels) -}}
{{- end }}

{{- define "inline-epp.labels" -}}
{{- $ours := merge (include "inline-epp.selectorLabels" . | fromYaml) (dict
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")) -}}
{{- toYaml (merge $ours .Values.commonLabels) -}}
{{- end }}
