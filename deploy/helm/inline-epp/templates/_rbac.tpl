{{/* Who watches, and what they may do. */}}

{{- define "inline-epp.readerRules" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: [inference.networking.k8s.io]
  resources: [inferencepools]
  verbs: [get, list, watch]
- apiGroups: [inference.networking.x-k8s.io]
  resources:
    - inferencepools
    - inferenceobjectives
    - inferencemodelrewrites
    - inferencemodels
    - inferencepoolimports
  verbs: [get, list, watch]
- apiGroups: [llm-d.ai]
  resources: [inferenceobjectives, inferencemodelrewrites]
  verbs: [get, list, watch]
{{- end }}

{{/* The service accounts that the sidecar runs under. */}}
{{- define "inline-epp.subjects" -}}
{{- $names := list (include "inline-epp.serviceAccountName" .) -}}
{{- if eq .Values.mode "sidecar" }}{{ $names = list }}{{ range .Values.sidecar.serviceAccounts }}{{ $names = append $names .name }}{{ end }}{{ end -}}
{{- range $names }}
- kind: ServiceAccount
  name: {{ . }}
  namespace: {{ $.Release.Namespace }}
{{- end }}
{{- end }}

{{/* A binding's last lines; takes a list of the root context, the role's kind and its name. */}}
{{- define "inline-epp.bound" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ index . 1 }}
  name: {{ index . 2 }}
subjects:
  {{- include "inline-epp.subjects" (index . 0) | trim | nindent 2 }}
{{- end }}
