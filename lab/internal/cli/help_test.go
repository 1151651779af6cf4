package cli

import (
	"strings"
	"testing"
)

// Help lists the commands in the order of use, and each has an example that it takes.
func TestHelpHasAnExampleOfEachCommand(t *testing.T) {
	out, _, status := run(t, checkout(t), "--help")
	if status != 0 {
		t.Fatalf("exit status %d", status)
	}
	last := 0
	for _, s := range (&lab{}).stages() {
		for _, cmd := range s.commands {
			at := strings.Index(out, "\n  "+cmd.Name()+" ")
			if at < last {
				t.Errorf("%s is at byte %d of the help, behind %d", cmd.Name(), at, last)
			}
			last = max(last, at)
			if cmd.Example == "" {
				t.Errorf("%s has no example", cmd.Name())
			}
			for line := range strings.Lines(cmd.Example) {
				words := strings.Fields(line)
				if len(words) < 2 || words[0] != "lab" || words[1] != cmd.Name() {
					t.Errorf("%s: the example %q is of another command", cmd.Name(), line)
					continue
				}
				if err := cmd.ParseFlags(words[2:]); err != nil {
					t.Errorf("%s: %v", line, err)
				} else if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
					t.Errorf("%s: %v", line, err)
				}
			}
		}
	}
}

// Who leaves an argument out is told what there is.
func TestMissingArgumentsNameWhatThereIs(t *testing.T) {
	root := checkout(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"report"}, "lab report: an argument is missing\nusage: lab report RUN [flags]\n" +
			"RUN: there is none; make one: lab run lab/matrices/quick.yaml\n"},
		{[]string{"run"}, "SPEC: there is none; write one as lab/matrices/README.md says\n"},
		{[]string{"logs"}, "SERVICE: primary, replica, "},
		{[]string{"down", "now"}, "lab down: it does not take [\"now\"]\nusage: lab down [flags]\n"},
	} {
		if _, errs, status := run(t, root, c.args...); status != statusUsage || !strings.Contains(errs, c.want) {
			t.Errorf("%q: exit status %d, %q; want %d, %q", c.args, status, errs, statusUsage, c.want)
		}
	}
	writeRun(t, root, runName, diagnosed)
	write(t, root+"/lab/matrices/own.yaml", diagnosed)
	if _, errs, _ := run(t, root, "compare"); !strings.Contains(errs, "\nA: "+runName+"\nSPEC: lab/matrices/own.yaml\n") {
		t.Errorf("%q; want the run and the spec", errs)
	}
}
