// Istio's control plane, pilot-discovery, for tests. Istio has no versions of its Go module; what go.mod names is the
// state of its main branch for which all modules can be had.
package main

import (
	"os"

	"istio.io/istio/pilot/cmd/pilot-discovery/app"
	"istio.io/istio/pkg/log"
)

func main() {
	if err := app.NewRootCommand().Execute(); err != nil {
		log.Error(err)
		os.Exit(1)
	}
}
