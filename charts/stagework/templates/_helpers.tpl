{{/* User name of the ServiceAccount of a component; call with (dict "component" "operator" "root" $). */}}
{{- define "stagework.account" -}}
system:serviceaccount:{{ .root.Release.Namespace }}:stagework-{{ .component }}
{{- end }}

{{/* The binding of an admission policy; call with (dict "policy" "stages" "root" $). */}}
{{- define "stagework.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: stagework-{{ .policy }}
  labels: {{- include "stagework.labels" (dict "component" "admission" "root" .root) | nindent 4 }}
spec:
  policyName: stagework-{{ .policy }}
  validationActions: [Deny]
{{- end }}

{{/* Labels of every object; call with (dict "component" "operator" "root" $). */}}
{{- define "stagework.labels" -}}
{{ include "stagework.selectorLabels" . }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}

{{/* Labels by which Pods are selected; never change, a Deployment's selector cannot. */}}
{{- define "stagework.selectorLabels" -}}
app.kubernetes.io/name: stagework
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* The image: registry/repository:tag, or @digest. */}}
{{- define "stagework.image" -}}
{{- with .Values.image -}}
{{- if .registry }}{{ .registry }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* Pod security context that passes "restricted". */}}
{{- define "stagework.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Container security context that passes "restricted". */}}
{{- define "stagework.securityContext" -}}
runAsNonRoot: true
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Where Pods run; call with the values of a component as "of", and the root. Without an affinity
they prefer nodes that do not sleep: on a laptop, operator and artifacts would sleep with it. */}}
{{- define "stagework.placement" -}}
{{- $away := list }}
{{- range .root.Values.settings.fleet.machineClasses }}
{{- if .mayBeAway }}
{{- range $key, $value := .nodeSelector }}
{{- $away = append $away (dict "key" $key "operator" "NotIn" "values" (list $value)) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .of }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- else }}
{{- with $away }}
affinity:
  nodeAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        preference:
          matchExpressions: {{- toYaml . | nindent 12 }}
{{- end }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Name of the claim with the artifacts; empty where S3 keeps them. */}}
{{- define "stagework.claim" -}}
{{- if not .Values.artifacts.s3.enabled -}}
{{ .Values.artifacts.persistence.existingClaim | default "stagework-artifacts" }}
{{- end -}}
{{- end }}

{{/* Name of the claim with history alone; empty where it is on that of the artifacts, or no file. */}}
{{- define "stagework.historyClaim" -}}
{{- if and .Values.artifacts.s3.enabled (not .Values.history.postgresql.enabled) -}}
stagework-history
{{- end -}}
{{- end }}

{{/* Where `helm test` makes its PipelineJob: a namespace that the operator works in. */}}
{{- define "stagework.testNamespace" -}}
{{- first (concat .Values.settings.namespaces (list .Release.Namespace)) -}}
{{- end }}
