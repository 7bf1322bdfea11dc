// Package nodeagent is the dev cluster's DaemonSet: it connects the Pods of all
// nodes, and it makes and removes the directories behind the StorageClass
// "standard". kind's own images (kindnetd, local-path-provisioner) do this where
// an image registry is in reach.
//
// It looks at everything each time something changed, and does what is missing:
// a dev cluster is small enough for that.
package nodeagent

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// settle is how long a burst of changes is awaited before acting on it; resync
// bounds how long a failed step waits for its repetition.
const (
	settle = 50 * time.Millisecond
	resync = 5 * time.Second
)

// Main runs the agent until it is told to stop.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatalf("node-agent: %v", err)
	}
}

func run(ctx context.Context) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	// kind names the control plane here: service addresses need kube-proxy, and
	// kube-proxy shall not have to wait for us, nor we for it.
	if endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT"); endpoint != "" {
		config.Host = "https://" + endpoint
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	core := factory.Core().V1()
	changed := make(chan struct{}, 1)
	notify := func(any) {
		select {
		case changed <- struct{}{}:
		default: // a look is due already
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    notify,
		UpdateFunc: func(_, now any) { notify(now) },
		DeleteFunc: notify,
	}
	for _, informer := range []cache.SharedIndexInformer{
		core.Nodes().Informer(),
		core.PersistentVolumes().Informer(),
		core.PersistentVolumeClaims().Informer(),
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	name := os.Getenv("NODE_NAME")
	network := network{node: name, podSubnet: os.Getenv("POD_SUBNET")}
	volumes := volumes{
		node:   name,
		client: client,
		list:   core.PersistentVolumes().Lister(),
		claims: core.PersistentVolumeClaims().Lister(),
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	log.Printf("node-agent: at work on %s", name)

	timer := time.NewTicker(resync)
	defer timer.Stop()
	for {
		nodes, err := core.Nodes().Lister().List(everything)
		if err == nil {
			err = network.keep(byName(nodes))
		}
		if err != nil {
			log.Printf("node-agent: network: %v", err)
		}
		if err := volumes.keep(ctx); err != nil {
			log.Printf("node-agent: volumes: %v", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-changed:
			time.Sleep(settle)
		}
	}
}

func byName(nodes []*corev1.Node) map[string]*corev1.Node {
	named := make(map[string]*corev1.Node, len(nodes))
	for _, node := range nodes {
		named[node.Name] = node
	}
	return named
}
