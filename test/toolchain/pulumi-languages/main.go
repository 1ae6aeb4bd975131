// Command pulumi-languages stands in for Pulumi's language hosts, for machines without Pulumi's release: the hosts
// are no Go modules of their own. Under the name pulumi-language-go or pulumi-language-python it does what the host of
// that name does when a program is installed and run; as pulumi-language-nodejs it generates SDKs, nothing else.
// Generators and SDKs are Pulumi's own. Packages are not linked into a program: that is done once, by `pulumi package
// add`, and kept with the program.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

type language struct {
	// generate gives the files of an SDK by their paths.
	generate func(*schema.Package, schema.ReferenceLoader) (map[string][]byte, error)
	// install gives the commands that install what the program of a folder needs, in order.
	install func(*pulumirpc.ProgramInfo) []*exec.Cmd
	// run gives the program as a command, and a folder that is removed when it has ended.
	run func(ctx context.Context, request *pulumirpc.RunRequest, engine string) (*exec.Cmd, string, error)
}

var languages = map[string]language{
	"go":     {generate: generateGo, install: installGo, run: runGo},
	"python": {generate: generatePython, install: installPython, run: runPython},
	"nodejs": {generate: generateNodejs},
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is done when the engine, whose address is the last argument, answers no longer.
func serve() error {
	name := filepath.Base(os.Args[0])
	spoken, known := languages[strings.TrimPrefix(name, "pulumi-language-")]
	if !known || len(os.Args) < 2 {
		return fmt.Errorf("%s is started by the Pulumi engine, by the name of a language's host", name)
	}
	engine := os.Args[len(os.Args)-1]
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := rpcutil.Healthcheck(ctx, engine, 5*time.Minute, cancel); err != nil {
		return fmt.Errorf("the engine does not answer: %w", err)
	}
	stopped := make(chan bool)
	context.AfterFunc(ctx, func() { close(stopped) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stopped,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{language: spoken, engine: engine})
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("no server: %w", err)
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}
