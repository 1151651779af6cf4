package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"stormwave/lab/internal/judge/stop"
	"stormwave/lab/internal/service"
)

// What docs/ci.md shows is a spec that can tell something, and a workflow whose commands the lab takes.
func TestTheWorkflowOfTheDocumentsRuns(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of YAML; want the spec and the workflow", len(blocks))
	}
	layout, err := service.NewLayout(root)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := parseSpec(layout, "docs/ci.md", blocks[0][1])
	if err != nil {
		t.Fatal(err)
	}
	if warnings := stop.Warn(spec.Plan()); len(warnings) > 0 {
		t.Errorf("the spec: %q; want blocks enough", warnings)
	}
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal(blocks[1][1], &workflow); err != nil {
		t.Fatal(err)
	}
	run := map[string]int{}
	for _, job := range workflow.Jobs {
		for _, step := range job.Steps {
			command, _, _ := strings.Cut(step.Run, " >")
			args := strings.Fields(strings.ReplaceAll(command, "'", ""))
			if len(args) == 0 || args[0] != "bin/lab" {
				continue
			}
			cmd, rest, err := newRoot().Find(args[1:])
			if err != nil {
				t.Errorf("%s: %v", command, err)
				continue
			}
			run[cmd.Name()]++
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("%s: %v", command, err)
			} else if err := cmd.Args(cmd, cmd.Flags().Args()); err != nil {
				t.Errorf("%s: %v", command, err)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"compare": 1, "run": 1, "history": 1}, run); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}
