{{/* The settings file: .Values.settings, and what the chart itself decides. */}}
{{- define "stagework.settings" -}}
{{- $settings := deepCopy .Values.settings -}}
{{- $_ := set $settings "releaseNamespace" .Release.Namespace -}}
{{- $url := printf "http://stagework-api.%s.svc:8080" .Release.Namespace -}}
{{- $_ := set $settings "api" (dict "url" $url) -}}
{{- with .Values.artifacts.s3 -}}
{{- if .enabled -}}
{{- $s3 := pick . "endpoint" "bucket" "region" "prefix" -}}
{{- $_ := set $s3 "accessKeyIdFile" (printf "/etc/stagework-s3/%s" .accessKeyIdKey) -}}
{{- $_ := set $s3 "secretAccessKeyFile" (printf "/etc/stagework-s3/%s" .secretAccessKeyKey) -}}
{{- $_ := set $settings.artifacts "s3" $s3 -}}
{{- end -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end }}
