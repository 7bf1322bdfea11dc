# The test bed: included by the Makefile at the root. Everything that talks to the cluster sees
# KUBECONFIG and nothing else of the bed.
#
# Tools: those on the PATH where they fit, else the bed's own; recipes use $(KUBECTL), $(HELM),
# $(KIND), each asked for when it is first used.

BED := python3 -m hack.devcluster
BED_CACHE := $(or $(STAGEWORK_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/stagework)
BED_CLUSTER := $(or $(STAGEWORK_BED_CLUSTER),stagework)
export KUBECONFIG := $(BED_CACHE)/kubeconfig$(if $(filter-out stagework,$(BED_CLUSTER)),-$(BED_CLUSTER))
export PYTHONDONTWRITEBYTECODE := 1

KUBECTL = $(shell $(BED) tools --path kubectl)
HELM = $(shell $(BED) tools --path helm)
KIND = $(shell $(BED) tools --path kind)

.PHONY: cluster cluster-down tools images programs engine-stop kubeconfig

cluster: ## A kind cluster with a gpu, a macmini and a macbook node; safe to run twice
	@$(BED) up

cluster-down: ## Remove the kind cluster
	@$(BED) down

images: cluster ## Build the images and load them into the cluster
	@$(BED) images

tools: ## Print the kind, kubectl and helm that the targets use, made where none fits
	@$(BED) tools

# Before any test: building takes minutes, and tests have a time limit.
programs:
	@$(BED) programs tests/support/kstatus

kubeconfig: ## Print the line that points your shell at the cluster
	@echo "export KUBECONFIG=$(KUBECONFIG)"

engine-stop: ## Stop the Docker engine that the bed has started
	@$(BED) engine-stop
