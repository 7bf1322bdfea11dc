{{/* To say to the API service who one is (admission policy stagework-signins). */}}
{{- define "stagework.signInRule" -}}
- apiGroups: [stagework.dev]
  resources: [signins]
  verbs: [create]
{{- end }}

{{/* What people do who may edit; the admission policies ask for the verbs of Interventions. */}}
{{- define "stagework.editRules" -}}
# Writing stages asks for the right to create Pods besides (admission policy stagework-stages).
- apiGroups: [stagework.dev]
  resources: [pipelinejobs, batches, scheduledjobs, pipelines]
  verbs: [get, list, watch, create, update, patch, delete]
# Never changed and kept as history: the operator clears old ones away.
- apiGroups: [stagework.dev]
  resources: [interventions]
  verbs: [get, list, watch, create]
# What an Intervention may ask of a run (admission policy stagework-verbs).
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  verbs: [retry, skip, stop]
- apiGroups: [stagework.dev]
  resources: [batches]
  verbs: [reprocess, stop]
- apiGroups: [stagework.dev]
  resources: [batches/scale]  # kubectl scale
  verbs: [get, update, patch]
- apiGroups: [stagework.dev]
  resources: [scheduledjobs]
  verbs: [runnow, skipnext]
# No kind, and nothing that the API server keeps: the API service asks for this right, and takes what
# programs that are no pipelines tell of their work (docs/history.md).
- apiGroups: [stagework.dev]
  resources: [backgroundjobs]
  verbs: [create]
{{ include "stagework.signInRule" . }}
{{- end }}
