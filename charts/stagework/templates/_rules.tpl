{{/* What the operator does in the namespaces that it works in: no more than it uses. */}}
{{- define "stagework.operatorRules" -}}
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  # get: a run that has ended left memory, and is asked for again; delete: ttlSecondsAfterFinished
  verbs: [get, list, watch, delete]
- apiGroups: [stagework.dev]
  resources: [pipelinejobs/status]
  verbs: [patch]
# Its Jobs name the PipelineJob as owner with blockOwnerDeletion; clusters with the admission
# plugin OwnerReferencesPermissionEnforcement ask for this right then. Nothing else needs it.
- apiGroups: [stagework.dev]
  resources: [pipelinejobs/finalizers]
  verbs: [update]
- apiGroups: [stagework.dev]
  resources: [pipelines]
  verbs: [list, watch]
- apiGroups: [stagework.dev]
  resources: [interventions]
  verbs: [list, watch, patch, delete]  # patch: the owner; delete: all but the last 20
- apiGroups: [stagework.dev]
  resources: [interventions/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]  # get: is a Job of that name ours?
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch, delete]  # patch: removes our scheduling gate
- apiGroups: [""]
  resources: [events]
  verbs: [list, create]  # list: why no Pod is made, or no volume is mounted
- apiGroups: [""]
  resources: [limitranges]
  verbs: [list]  # does the namespace give requests of its own?
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, list, create, delete]
{{- end }}

{{/* What the API service does there: it finds the run that a Pod belongs to, and sweeps. */}}
{{- define "stagework.apiRules" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get]
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  verbs: [get, list]
- apiGroups: [stagework.dev]
  resources: [pipelines]
  verbs: [list]  # an uploaded model that one names is not swept
{{- end }}

{{/* What people do who may edit; the admission policies ask for the verbs of Interventions. */}}
{{- define "stagework.editRules" -}}
# Writing stages asks for the right to create Pods besides (admission policy stagework-stages).
- apiGroups: [stagework.dev]
  resources: [pipelinejobs, pipelines]
  verbs: [get, list, watch, create, update, patch, delete]
# Never changed and kept as history: the operator clears old ones away.
- apiGroups: [stagework.dev]
  resources: [interventions]
  verbs: [get, list, watch, create]
# What an Intervention may ask of a run (admission policy stagework-verbs).
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  verbs: [retry, skip, stop]
{{- end }}
