{{/* What the listener does in the namespaces of its map: no more than it uses. */}}
{{- define "stagework.listenerRules" -}}
- apiGroups: [stagework.dev]
  resources: [pipelinejobs]
  # get: is the run of that name the row's? list, watch: how it goes on
  verbs: [get, list, watch, create]
{{- end }}

{{/* Namespaces of the map, as JSON. */}}
{{- define "stagework.listenerNamespaces" -}}
{{- $namespaces := list }}
{{- range .Values.settings.listener.tenants }}
{{- $namespaces = append $namespaces .namespace }}
{{- end }}
{{- if not $namespaces }}
{{- fail "listener.enabled needs settings.listener.tenants: how the rows of which tenant become runs" }}
{{- end }}
{{- $namespaces | uniq | sortAlpha | toJson -}}
{{- end }}

{{/* What both of its containers mount. */}}
{{- define "stagework.listenerMounts" -}}
- {name: settings, mountPath: /etc/stagework, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- if .Values.listener.postgresql.secretName }}
- {name: postgresql, mountPath: /etc/stagework-listener, readOnly: true}
{{- end }}
{{- if .Values.listener.postgresql.tls.secretName }}
- {name: postgresql-tls, mountPath: /etc/stagework-listener-tls, readOnly: true}
{{- end }}
{{- end }}

{{/* A PostgreSQL of values as the settings have it, in JSON; call with (dict "of" values "folder" path),
the folder in which its Secret is mounted. */}}
{{- define "stagework.postgresql" -}}
{{- $postgresql := pick .of "host" "port" "database" "user" "connectTimeoutSeconds" -}}
{{- if .of.secretName -}}
{{- $_ := set $postgresql "passwordFile" (printf "%s/%s" .folder .of.passwordKey) -}}
{{- end -}}
{{- $tls := pick .of.tls "mode" -}}
{{- if .of.tls.secretName -}}
{{- $folder := .folder -}}
{{- range $file, $key := dict "caFile" .of.tls.caKey "certFile" .of.tls.certKey "keyFile" .of.tls.keyKey -}}
{{- if $key -}}
{{- $_ := set $tls $file (printf "%s-tls/%s" $folder $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set $postgresql "tls" $tls -}}
{{- $postgresql | toJson -}}
{{- end }}
