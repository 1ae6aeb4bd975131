package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	codegen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func generateGo(pkg *schema.Package, _ schema.ReferenceLoader) (map[string][]byte, error) {
	return codegen.GeneratePackage("pulumi-language-go", pkg, nil)
}

func installGo(*pulumirpc.ProgramInfo) []*exec.Cmd {
	return []*exec.Cmd{exec.Command("go", "mod", "tidy")}
}

func runGo(ctx context.Context, request *pulumirpc.RunRequest, engine string) (*exec.Cmd, string, error) {
	folder, err := os.MkdirTemp("", "pulumi-go-")
	if err != nil {
		return nil, "", err
	}
	program := filepath.Join(folder, "program")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-w -s", "-o", program)
	build.Dir = request.Info.ProgramDirectory
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return nil, folder, fmt.Errorf("go build: %w", err)
	}
	config, err := configVariables(request)
	if err != nil {
		return nil, folder, err
	}
	command := exec.CommandContext(ctx, program)
	command.Dir = request.Pwd
	command.Env = append(os.Environ(), config...)
	for name, value := range map[string]string{
		pulumi.EnvOrganization:        request.Organization,
		pulumi.EnvProject:             request.Project,
		pulumi.EnvPulumiRootDirectory: request.Info.RootDirectory,
		pulumi.EnvStack:               request.Stack,
		pulumi.EnvDryRun:              strconv.FormatBool(request.DryRun),
		pulumi.EnvParallel:            strconv.Itoa(int(request.Parallel)),
		pulumi.EnvMonitor:             request.MonitorAddress,
		pulumi.EnvEngine:              engine,
	} {
		command.Env = append(command.Env, name+"="+value)
	}
	return command, folder, nil
}
