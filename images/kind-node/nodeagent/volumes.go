package nodeagent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
)

// provisioner is what the StorageClass "standard" names. Kubernetes asks for a
// volume by the first two annotations of a claim; the third, on the volume, tells
// it that somebody else deletes what was provisioned.
const (
	provisioner   = "stagework.dev/node-directory"
	requested     = "volume.kubernetes.io/storage-provisioner"
	selectedNode  = "volume.kubernetes.io/selected-node"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	directory     = "/var/lib/node-directories"
)

var everything = labels.Everything()

// volumes makes a directory and a PersistentVolume for each claim whose Pod the
// scheduler has placed on this node, and removes both when the claim is gone.
type volumes struct {
	node   string
	client kubernetes.Interface
	list   corelisters.PersistentVolumeLister
	claims corelisters.PersistentVolumeClaimLister
}

func (v *volumes) keep(ctx context.Context) error {
	claims, err := v.claims.List(everything)
	if err != nil {
		return err
	}
	var failures []error
	for _, claim := range claims {
		ours := claim.Annotations[requested] == provisioner && claim.Annotations[selectedNode] == v.node
		if ours && claim.Spec.VolumeName == "" && claim.DeletionTimestamp == nil {
			failures = append(failures, v.provision(ctx, claim))
		}
	}
	present, err := v.list.List(everything)
	if err != nil {
		return err
	}
	for _, volume := range present {
		ours := volume.Annotations[provisionedBy] == provisioner && volume.Annotations[selectedNode] == v.node
		released := volume.Status.Phase == corev1.VolumeReleased
		deletable := volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
		if ours && released && deletable {
			failures = append(failures, v.remove(ctx, volume))
		}
	}
	return errors.Join(failures...)
}

func (v *volumes) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	name := "pvc-" + string(claim.UID)
	path := filepath.Join(directory, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	// Any user may write: Pods here run as whatever uid they like.
	if err := os.Chmod(path, 0o777); err != nil {
		return err
	}
	class := ""
	if claim.Spec.StorageClassName != nil {
		class = *claim.Spec.StorageClassName
	}
	filesystem := corev1.PersistentVolumeFilesystem
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{provisionedBy: provisioner, selectedNode: v.node},
		},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName:              class,
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    &filesystem,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			Capacity: corev1.ResourceList{
				corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage],
			},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				Local: &corev1.LocalVolumeSource{Path: path},
			},
			NodeAffinity: onlyOn(v.node),
		},
	}
	_, err := v.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil // a look at an older cache; the claim is bound in a moment
	}
	return err
}

func (v *volumes) remove(ctx context.Context, volume *corev1.PersistentVolume) error {
	path := filepath.Join(directory, volume.Name)
	if volume.Spec.Local != nil && strings.HasPrefix(volume.Name, "pvc-") && volume.Spec.Local.Path == path {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	err := v.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func onlyOn(node string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{
				Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
			}},
		}},
	}}
}
