{{/* What the operator does in the namespaces that it works in: no more than it uses. */}}
{{- define "stagework.operatorRules" -}}
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  # get: a run that has ended left memory, and is asked for again; create: the chunks of a Batch, and
  # the slots of a ScheduledJob; delete: chunks that are counted, ttlSecondsAfterFinished, and what
  # is beyond a ScheduledJob's history limits
  verbs: [get, list, watch, create, delete]
- apiGroups: [stagework.dev]
  resources: [pipelinejobs/status]
  verbs: [patch]
# Its Jobs name the PipelineJob as owner with blockOwnerDeletion; clusters with the admission
# plugin OwnerReferencesPermissionEnforcement ask for this right then. Nothing else needs it.
- apiGroups: [stagework.dev]
  resources: [pipelinejobs/finalizers]
  verbs: [update]
- apiGroups: [stagework.dev]
  resources: [batches]
  # get: is a Batch of that name ours? create: the slots of a ScheduledJob; delete: what is beyond
  # its history limits, and ttlSecondsAfterFinished
  verbs: [get, list, watch, create, delete]
- apiGroups: [stagework.dev]
  resources: [batches/status]
  verbs: [patch]
# Likewise, for the runs of a Batch and of a ScheduledJob.
- apiGroups: [stagework.dev]
  resources: [batches/finalizers, scheduledjobs/finalizers]
  verbs: [update]
- apiGroups: [stagework.dev]
  resources: [pipelines]
  verbs: [list, watch]
- apiGroups: [stagework.dev]
  resources: [pipelines/status]
  verbs: [patch]
- apiGroups: [stagework.dev]
  resources: [scheduledjobs]
  verbs: [list, watch]
- apiGroups: [stagework.dev]
  resources: [scheduledjobs/status]
  verbs: [patch]
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
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]  # by name: the list of items that a Batch names
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get, list, create, delete]
{{- end }}

{{/* What the API service does there: it finds the run that a Pod belongs to, and sweeps. */}}
{{- define "stagework.apiRules" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list]  # list: by the labels of an attempt, whose log somebody reads who may
# It keeps the log of an attempt that failed, and gives it only to those who may read logs.
- apiGroups: [""]
  resources: [pods/log]
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
# create: for a person whose own rights were asked for before.
- apiGroups: [stagework.dev]
  resources: [batches]
  verbs: [get, list, create]
- apiGroups: [stagework.dev]
  resources: [scheduledjobs]
  verbs: [get, list, create, patch, delete]  # patch: suspend alone; stages are refused before
- apiGroups: [apps]
  resources: [controllerrevisions]
  verbs: [get]  # what a waiting stage waits for, and since when
# Retry, skip and reprocess of what has failed, likewise.
- apiGroups: [stagework.dev]
  resources: [interventions]
  verbs: [create]
- apiGroups: [stagework.dev]
  resources: [signins]
  verbs: [get, list, delete]  # each is used once; list: those that nobody has used are swept
{{- end }}
