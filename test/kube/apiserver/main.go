// Command cluster is a Kubernetes API server and kubectl in one binary, for tests: both from one version of the
// Kubernetes module, and together they share most of what a binary of this size is made of.
//
//	cluster kube-apiserver --etcd-servers ...
//	cluster kubectl apply -f ...
package main

import (
	"fmt"
	"os"

	// The API server's log formats and its own metrics, which register themselves.
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	// Cobra reads the process's arguments: the program's name becomes the second word.
	os.Args = os.Args[1:]
	switch os.Args[0] {
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kubectl":
		runKubectl(kubectl.NewDefaultKubectlCommand())
	default:
		usage()
	}
}

// runKubectl ends the process with the exit code that kubectl gives an error, and with its message.
func runKubectl(command *cobra.Command) {
	if err := cli.RunNoErrOutput(command); err != nil {
		util.CheckErr(err)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: cluster kube-apiserver|kubectl ARGUMENT...")
	os.Exit(2)
}
