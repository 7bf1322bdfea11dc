{{/* What a built-in task does in the namespaces that it works in: no more than it uses. */}}
{{- define "stagework.taskRules.health_check" -}}
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  verbs: [list]  # the API service asks for it, and then tells how many stages failed
{{- end }}

{{- define "stagework.taskRules.data_cleanup" -}}
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  verbs: [get, list, delete]  # get: the API service asks for it, and then tells of a run's history
- apiGroups: [stagework.dev]
  resources: [batches]
  verbs: [list, delete]
{{- end }}

{{- define "stagework.taskRules.backup" -}}
- apiGroups: [stagework.dev]
  resources: [pipelines, pipelinejobs, batches, scheduledjobs]
  verbs: [list]
{{- end }}

{{- define "stagework.taskRules.api_sync" -}}
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  verbs: [create]
{{- end }}

{{- define "stagework.taskRules.notification" -}}
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  verbs: [list]  # the API service asks for it, and then tells how the runs went
{{- end }}

{{- define "stagework.taskRules.meta_catalog_ad" -}}
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  verbs: [create]
{{- end }}

{{- define "stagework.taskRules.restore" -}}
- apiGroups: [stagework.dev]
  resources: [pipelines, pipelinejobs, batches, scheduledjobs]
  verbs: [create]
- apiGroups: [stagework.dev]
  resources: [scheduledjobs, scheduledjobs/status]
  verbs: [patch]  # the last slot and the statistics; then it goes on
# It writes stages and priorities that others were allowed to write: the admission policies ask for
# these rights. It makes no Pod.
- apiGroups: [""]
  resources: [pods]
  verbs: [create]
- apiGroups: [stagework.dev]
  resources: [pipelinejobs, batches, scheduledjobs]
  verbs: [prioritize]
{{- end }}

{{/* Names of the Secrets that tasks are given, as JSON. */}}
{{- define "stagework.taskSecrets" -}}
{{- $secrets := list .Values.alerts.urlsSecret }}
{{- range .Values.tasks }}
{{- with .s3 }}
{{- $secrets = append $secrets .secretName }}
{{- end }}
{{- end }}
{{- without $secrets "" | uniq | toJson -}}
{{- end }}

{{/* Tasks that remember something from run to run, each in a ConfigMap of its own. */}}
{{- define "stagework.remembers" -}}
{{- if has . (list "health_check" "notification" "api_sync" "meta_catalog_ad") }}true{{ end -}}
{{- end }}
