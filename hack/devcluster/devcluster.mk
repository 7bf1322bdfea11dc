# The dev cluster: included by the Makefile at the root. Everything that talks to the cluster sees
# KUBECONFIG and nothing else of it.
#
# Tools: those on the PATH where they fit, else our own; recipes use $(KUBECTL), $(HELM),
# $(KIND), each asked for when it is first used.

DEVCLUSTER := python3 -m hack.devcluster
CACHE := $(or $(STAGEWORK_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/stagework)
CLUSTER_NAME := $(or $(STAGEWORK_DEVCLUSTER_NAME),stagework)
export KUBECONFIG := $(CACHE)/kubeconfig$(if $(filter-out stagework,$(CLUSTER_NAME)),-$(CLUSTER_NAME))
export PYTHONDONTWRITEBYTECODE := 1

KUBECTL = $(shell $(DEVCLUSTER) tools --path kubectl)
HELM = $(shell $(DEVCLUSTER) tools --path helm)
KIND = $(shell $(DEVCLUSTER) tools --path kind)

.PHONY: cluster cluster-down tools images programs engine-stop kubeconfig

cluster: ## A kind cluster with a gpu, a macmini and a macbook node; safe to run twice
	@$(DEVCLUSTER) up

cluster-down: ## Remove the kind cluster
	@$(DEVCLUSTER) down

images: cluster ## Build the images and load them into the cluster
	@$(DEVCLUSTER) images

tools: ## Print the kind, kubectl and helm that the targets use, made where none fits
	@$(DEVCLUSTER) tools

# Before any test: building takes minutes, and tests have a time limit.
programs:
	@$(DEVCLUSTER) programs tests/support/kstatus

kubeconfig: ## Print the line that points your shell at the cluster
	@echo "export KUBECONFIG=$(KUBECONFIG)"

engine-stop: ## Stop the Docker engine that was started here
	@$(DEVCLUSTER) engine-stop
