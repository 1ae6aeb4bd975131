// What upstream's own code makes of pools and advertisements, each by itself: a list of {kind, spec} comes on
// standard input, a list of messages goes to standard output, empty for what it takes.
//
// The path of this module lies below upstream's, for only there may its internal packages be imported.
package main

import (
	"encoding/json"
	"log"
	"os"

	"go.universe.tf/metallb/api/v1beta1"
	"go.universe.tf/metallb/internal/config"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type object struct {
	Kind string          `json:"kind"`
	Spec json.RawMessage `json:"spec"`
}

func main() {
	var objects []object
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		log.Fatal(err)
	}
	messages := make([]string, len(objects))
	for i, each := range objects {
		if err := judge(each); err != nil {
			messages[i] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(messages); err != nil {
		log.Fatal(err)
	}
}

// judge does as the webhook does: it reads the object together with the rest of the configuration.
func judge(each object) error {
	resources := config.ClusterResources{
		Namespaces: []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "default"}}},
		Nodes:      []corev1.Node{{ObjectMeta: metav1.ObjectMeta{Name: "node"}}},
	}
	pool := v1beta1.IPAddressPool{ObjectMeta: metav1.ObjectMeta{Name: "pool"}}
	if each.Kind == "IPAddressPool" {
		if err := json.Unmarshal(each.Spec, &pool.Spec); err != nil {
			return err
		}
	} else {
		pool.Spec.Addresses = []string{"192.0.2.0/24"}
		advertisement := v1beta1.L2Advertisement{ObjectMeta: metav1.ObjectMeta{Name: "advertisement"}}
		if err := json.Unmarshal(each.Spec, &advertisement.Spec); err != nil {
			return err
		}
		resources.L2Advs = []v1beta1.L2Advertisement{advertisement}
	}
	resources.Pools = []v1beta1.IPAddressPool{pool}
	_, err := config.For(resources, config.DontValidate)
	return err
}
