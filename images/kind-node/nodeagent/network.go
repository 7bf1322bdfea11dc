package nodeagent

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
)

// cniConfigFile is named so that kind's own tools know it.
const cniConfigFile = "/etc/cni/net.d/10-kindnet.conflist"

// protocol marks the routes that are ours, so that a node that has gone takes
// its route along.
const protocol = 190

// network connects this node's Pods to those of the other nodes: each Pod hangs
// on a veth pair (CNI "ptp"), and each other node's range has a route.
type network struct {
	node      string
	podSubnet string
	written   []byte
}

func (n *network) keep(nodes map[string]*corev1.Node) error {
	self, known := nodes[n.node]
	if !known || self.Spec.PodCIDR == "" {
		return nil // the controller-manager has not given it a range yet
	}
	if err := n.keepRoutes(nodes); err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	if err := n.keepMasquerade(); err != nil {
		return fmt.Errorf("masquerade: %w", err)
	}
	// Last: this file makes the node Ready.
	if err := n.keepConfig(self.Spec.PodCIDR); err != nil {
		return fmt.Errorf("CNI configuration: %w", err)
	}
	return nil
}

func (n *network) keepRoutes(nodes map[string]*corev1.Node) error {
	wanted := map[string]net.IP{}
	for name, node := range nodes {
		address := internalAddress(node)
		if name != n.node && node.Spec.PodCIDR != "" && address != nil {
			wanted[node.Spec.PodCIDR] = address
		}
	}
	filter := &netlink.Route{Protocol: protocol}
	present, err := netlink.RouteListFiltered(netlink.FAMILY_V4, filter, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return err
	}
	for _, route := range present {
		gateway, keep := wanted[route.Dst.String()]
		if keep && gateway.Equal(route.Gw) {
			delete(wanted, route.Dst.String())
		} else if err := netlink.RouteDel(&route); err != nil {
			return err
		}
	}
	for cidr, gateway := range wanted {
		_, destination, err := net.ParseCIDR(cidr)
		if err != nil {
			return err
		}
		route := &netlink.Route{Dst: destination, Gw: gateway, Protocol: protocol}
		if err := netlink.RouteReplace(route); err != nil {
			return fmt.Errorf("%s via %s: %w", cidr, gateway, err)
		}
	}
	return nil
}

// keepMasquerade hides Pod addresses from everything outside the Pod network.
func (n *network) keepMasquerade() error {
	rule := []string{
		"POSTROUTING", "--source", n.podSubnet, "!", "--destination", n.podSubnet,
		"--match", "addrtype", "!", "--dst-type", "LOCAL", "--jump", "MASQUERADE",
	}
	if iptables(append([]string{"--check"}, rule...)) == nil {
		return nil
	}
	return iptables(append([]string{"--append"}, rule...))
}

func iptables(arguments []string) error {
	command := exec.Command("iptables", append([]string{"--wait", "--table", "nat"}, arguments...)...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("iptables %v: %w: %s", arguments, err, bytes.TrimSpace(output))
	}
	return nil
}

func (n *network) keepConfig(podCIDR string) error {
	mtu, err := uplinkMTU()
	if err != nil {
		return err
	}
	config := fmt.Appendf(nil, `{
  "cniVersion": "0.4.0",
  "name": "kindnet",
  "plugins": [
    {
      "type": "ptp", "ipMasq": false, "mtu": %d,
      "ipam": {
        "type": "host-local", "dataDir": "/run/cni-ipam-state",
        "routes": [{"dst": "0.0.0.0/0"}], "ranges": [[{"subnet": %q}]]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`, mtu, podCIDR)
	if bytes.Equal(config, n.written) {
		return nil
	}
	temporary := filepath.Join(filepath.Dir(cniConfigFile), ".10-kindnet.temporary")
	if err := os.WriteFile(temporary, config, 0o644); err != nil {
		return err
	}
	if err := os.Rename(temporary, cniConfigFile); err != nil {
		return err
	}
	n.written = config
	return nil
}

// uplinkMTU is the packet size of the link that carries the default route: a
// Pod that sends larger ones would hang on machines with a small MTU.
func uplinkMTU() (int, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return 0, err
	}
	for _, route := range routes {
		if route.Dst == nil || route.Dst.IP.IsUnspecified() {
			link, err := netlink.LinkByIndex(route.LinkIndex)
			if err != nil {
				return 0, err
			}
			return link.Attrs().MTU, nil
		}
	}
	return 0, fmt.Errorf("no default route")
}

func internalAddress(node *corev1.Node) net.IP {
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			if ip := net.ParseIP(address.Address).To4(); ip != nil {
				return ip
			}
		}
	}
	return nil
}
