{{/* Namespaces to work in, as JSON; empty: all. Where schedules of tasks are, too. */}}
{{- define "stagework.namespaces" -}}
{{- $namespaces := .Values.settings.namespaces -}}
{{- range .Values.tasks -}}
{{- if and .enabled .schedule $namespaces -}}
{{- $namespaces = append $namespaces $.Release.Namespace | uniq -}}
{{- end -}}
{{- end -}}
{{- $namespaces | toJson -}}
{{- end }}

{{/* The settings file: .Values.settings, and what the chart itself decides. */}}
{{- define "stagework.settings" -}}
{{- $settings := deepCopy .Values.settings -}}
{{- $_ := set $settings "releaseNamespace" .Release.Namespace -}}
{{- $_ := set $settings "namespaces" (include "stagework.namespaces" . | fromJsonArray) -}}
{{- $url := printf "http://stagework-api.%s.svc:8080" .Release.Namespace -}}
{{- $beats := printf "http://stagework-api.%s.svc:8081" .Release.Namespace -}}
{{- $_ := set $settings "api" (merge (dict "url" $url "heartbeatUrl" $beats) $settings.api) -}}
{{- $_ := set $settings.files "image" (include "stagework.image" .) -}}
{{- $_ := set $settings.files "imagePullPolicy" .Values.image.pullPolicy -}}
{{- with .Values.artifacts.s3 -}}
{{- if .enabled -}}
{{- $s3 := pick . "endpoint" "bucket" "region" "prefix" -}}
{{- $_ := set $s3 "accessKeyIdFile" (printf "/etc/stagework-s3/%s" .accessKeyIdKey) -}}
{{- $_ := set $s3 "secretAccessKeyFile" (printf "/etc/stagework-s3/%s" .secretAccessKeyKey) -}}
{{- $_ := set $settings.artifacts "s3" $s3 -}}
{{- end -}}
{{- end -}}
{{- with .Values.history.postgresql -}}
{{- if .enabled -}}
{{- $postgresql := include "stagework.postgresql" (dict "of" . "folder" "/etc/stagework-postgresql") | fromJson -}}
{{- $_ := set $settings.history "postgresql" $postgresql -}}
{{- end -}}
{{- end -}}
{{- with .Values.listener -}}
{{- if .enabled -}}
{{- $postgresql := include "stagework.postgresql" (dict "of" .postgresql "folder" "/etc/stagework-listener") | fromJson -}}
{{- $_ := set $settings.listener "postgresql" $postgresql -}}
{{- if .owner.user -}}
{{- $owner := pick .owner "user" -}}
{{- if .owner.secretName -}}
{{- $_ := set $owner "passwordFile" (printf "/etc/stagework-listener-owner/%s" .owner.passwordKey) -}}
{{- end -}}
{{- $_ := set $settings.listener "owner" $owner -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set $settings "alerts" .Values.alerts -}}
{{- $tasks := dict "namespaces" dict "s3" dict "imagePullSecrets" .Values.imagePullSecrets -}}
{{- $operator := printf "http://stagework-operator.%s.svc:8080/healthz" .Release.Namespace -}}
{{- $_ := set $tasks "operatorUrl" $operator -}}
{{- $_ := set $tasks "schedules" dict -}}
{{- range $name, $task := .Values.tasks -}}
{{- if and $task.enabled $task.schedule -}}
{{- $when := dict "cron" $task.schedule "timeZone" $task.timeZone "jobData" $task.jobData -}}
{{- $_ := set $tasks.schedules $name $when -}}
{{- end -}}
{{- if and $task.enabled $task.namespaces -}}
{{- $_ := set $tasks.namespaces $name $task.namespaces -}}
{{- end -}}
{{- if and $task.enabled $task.s3 $task.s3.secretName -}}
{{- $s3 := pick $task.s3 "endpoint" "bucket" "region" "prefix" "secretName" -}}
{{- $_ := set $s3 "accessKeyIdFile" (printf "/etc/stagework-task-s3/%s" $task.s3.accessKeyIdKey) -}}
{{- $_ := set $s3 "secretAccessKeyFile" (printf "/etc/stagework-task-s3/%s" $task.s3.secretAccessKeyKey) -}}
{{- $_ := set $tasks.s3 $name $s3 -}}
{{- end -}}
{{- end -}}
{{- $_ := set $settings "tasks" $tasks -}}
{{- toYaml $settings -}}
{{- end }}
