// Command coredns is CoreDNS with no more than the plugins of kubeadm's own
// Corefile. The stock program links every cloud provider's client too: 105 MB
// and three minutes that a test cluster has no use for.
package main

import (
	"slices"

	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/hosts"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/loop"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/reload"
)

// linked names the directives of the plugins above; CoreDNS refuses to start
// with a directive that it lists and does not have.
var linked = []string{
	"cache", "errors", "forward", "health", "hosts", "kubernetes", "loadbalance", "loop",
	"prometheus", "ready", "reload",
}

func main() {
	// The order of the stock list is the order in which plugins are chained: keep it.
	dnsserver.Directives = slices.DeleteFunc(dnsserver.Directives, func(directive string) bool {
		return !slices.Contains(linked, directive)
	})
	coremain.Run()
}
