{{/*
A strategic merge patch of a gateway's Deployment. The container is a native sidecar: it starts before Envoy and ends
after it. Its token is a volume of its own, since Envoy Gateway gives its pods none, and Envoy needs none.
*/}}
{{- define "inline-epp.sidecarPatch" -}}
spec:
  template:
    spec:
      initContainers:
        - {{ include "inline-epp.container" . | nindent 10 | trim }}
          restartPolicy: Always
          volumeMounts:
            - {{ include "inline-epp.configMount" . | nindent 14 | trim }}
            - name: inline-epp-token
              mountPath: /var/run/secrets/kubernetes.io/serviceaccount
              readOnly: true
      volumes:
        - {{ include "inline-epp.configVolume" . | nindent 10 | trim }}
        - name: inline-epp-token
          projected:
            sources:
              - serviceAccountToken:
                  path: token
                  expirationSeconds: 3607
              - configMap:
                  name: kube-root-ca.crt
                  items:
                    - key: ca.crt
                      path: ca.crt
              - downwardAPI:
                  items:
                    - path: namespace
                      fieldRef:
                        fieldPath: metadata.namespace
{{- end }}
