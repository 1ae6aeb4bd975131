package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"

	codegen "github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func generatePython(pkg *schema.Package, loader schema.ReferenceLoader) (map[string][]byte, error) {
	return codegen.GeneratePackage("pulumi-language-python", pkg, nil, loader)
}

func installPython(info *pulumirpc.ProgramInfo) []*exec.Cmd {
	return []*exec.Cmd{
		exec.Command("python3", "-m", "venv", environment(info)),
		exec.Command(python(info), "-m", "pip", "install", "--quiet", "-r", "requirements.txt"),
	}
}

func runPython(ctx context.Context, request *pulumirpc.RunRequest, engine string) (*exec.Cmd, string, error) {
	script, err := executor()
	if err != nil {
		return nil, "", err
	}
	config, err := configVariables(request)
	if err != nil {
		return nil, "", err
	}
	command := exec.CommandContext(ctx, python(request.Info), script,
		"--monitor", request.MonitorAddress,
		"--engine", engine,
		"--project", request.Project,
		"--root_directory", request.Info.RootDirectory,
		"--stack", request.Stack,
		"--pwd", request.Pwd,
		"--dry_run", strconv.FormatBool(request.DryRun),
		"--parallel", strconv.Itoa(int(request.Parallel)),
		"--organization", request.Organization,
		request.Info.EntryPoint,
	)
	command.Env = append(os.Environ(), config...)
	return command, "", nil
}

// environment is the folder of the virtual environment that the project's runtime options name.
func environment(info *pulumirpc.ProgramInfo) string {
	name, _ := info.Options.AsMap()["virtualenv"].(string)
	return filepath.Join(info.RootDirectory, name)
}

func python(info *pulumirpc.ProgramInfo) string {
	return filepath.Join(environment(info), "bin", "python")
}

// executor is the script of Pulumi's that runs a program. The release has it beside the host, the module of the SDK
// has it too.
func executor() (string, error) {
	const sdk = "github.com/pulumi/pulumi/sdk/v3"
	build, _ := debug.ReadBuildInfo()
	for _, module := range build.Deps {
		if module.Path != sdk {
			continue
		}
		answer, err := exec.Command("go", "mod", "download", "-json", sdk+"@"+module.Version).Output()
		if err != nil {
			return "", fmt.Errorf("go mod download %s: %w", sdk, err)
		}
		var found struct{ Dir string }
		if err := json.Unmarshal(answer, &found); err != nil {
			return "", err
		}
		return filepath.Join(found.Dir, "python", "cmd", "pulumi-language-python-exec"), nil
	}
	return "", fmt.Errorf("%s is not among the modules of this program", sdk)
}
