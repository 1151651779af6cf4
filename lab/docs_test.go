package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are what people read of the repository, the reports of runs aside: path from the top to text.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for _, pattern := range []string{"*.md", "docs/*.md", "lab/*/README.md", "*/README.md"} {
		paths, err := filepath.Glob(filepath.Join("..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[strings.TrimPrefix(path, "../")] = string(text)
		}
	}
	if len(texts) < 10 {
		t.Fatalf("%d documents were found; want at least 10", len(texts))
	}
	return texts
}

// each calls for what a pattern's group catches in the documents. A pattern that catches nothing holds nothing.
func each(t *testing.T, pattern *regexp.Regexp, check func(doc string, caught []string)) {
	t.Helper()
	found := false
	for doc, text := range documents(t) {
		for _, caught := range pattern.FindAllStringSubmatch(text, -1) {
			found = true
			check(doc, caught)
		}
	}
	if !found {
		t.Fatalf("no document has anything like %s", pattern)
	}
}

var declaredTest = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)

// A table that names a test which is not there promises what nobody holds.
func TestDocumentedTestsExist(t *testing.T) {
	declared := map[string]bool{}
	for _, dir := range []string{".", "../app", "../dashboards"} {
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, match := range declaredTest.FindAllSubmatch(text, -1) {
				declared[string(match[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	each(t, regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9]*)`"), func(doc string, caught []string) {
		if !declared[caught[1]] {
			t.Errorf("%s names %s, which is not there", doc, caught[1])
		}
	})
}

var notInAnchors = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)

// anchors are those that a reader's browser is given for the headings of a text.
func anchors(markdown string) map[string]bool {
	found := make(map[string]bool)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(markdown, -1) {
		found[strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-")] = true
	}
	return found
}

// Links between documents lead somewhere, and so do those to headings.
func TestLinksLeadSomewhere(t *testing.T) {
	each(t, regexp.MustCompile(`\]\(([^)\s]+)\)`), func(doc string, caught []string) {
		if strings.Contains(caught[1], "://") {
			return
		}
		path, anchor, _ := strings.Cut(caught[1], "#")
		target := filepath.Join("..", filepath.Dir(doc), path)
		if path == "" {
			target = filepath.Join("..", doc)
		}
		text, err := os.ReadFile(target)
		if info, statErr := os.Stat(target); statErr != nil || err != nil && !info.IsDir() {
			t.Errorf("%s links to %s, which is not there", doc, caught[1])
		} else if anchor != "" && !anchors(string(text))[anchor] {
			t.Errorf("%s links to %s, which has no such heading", doc, caught[1])
		}
	})
}

// Files that are named by their path are there. A pattern has one that it fits; an upper-case word stands for a name.
func TestNamedFilesExist(t *testing.T) {
	each(t, regexp.MustCompile("`((?:app|dashboards|docs|lab|scenarios)/[\\w./*-]+)`"), func(doc string, caught []string) {
		if fits, err := filepath.Glob(filepath.Join("..", caught[1])); err != nil || len(fits) == 0 {
			t.Errorf("%s names %s, which is not there", doc, caught[1])
		}
	})
}

// The verbs of mage that documents name are there.
func TestNamedTargetsExist(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../magefile.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	there := make(map[string]bool)
	for _, declaration := range file.Decls {
		f, isFunc := declaration.(*ast.FuncDecl)
		if !isFunc || f.Recv == nil {
			continue
		}
		there[strings.ToLower(f.Recv.List[0].Type.(*ast.Ident).Name+":"+f.Name.Name)] = true
	}
	each(t, regexp.MustCompile(`\b((?:lab|bench|test):[a-z0-9]+)`), func(doc string, caught []string) {
		if !there[caught[1]] {
			t.Errorf("%s names %s, which mage does not have", doc, caught[1])
		}
	})
}

// The commands of the lab that documents show are there, with their flags.
func TestShownCommandsExist(t *testing.T) {
	help := func(command string) string {
		var out bytes.Buffer
		if err := run(t.Context(), []string{command, "--help"}, &out, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	ofAll := help("no-such-command")
	flag := regexp.MustCompile(`--[a-z-]+`)
	each(t, regexp.MustCompile("(?:`|^    |\n    )(?:bin/)?lab ([a-z]+)([^`\n#]*)"), func(doc string, caught []string) {
		text := help(caught[1])
		if text == ofAll {
			t.Errorf("%s shows lab %s, which is no command", doc, caught[1])
			return
		}
		arguments, _, _ := strings.Cut(caught[2], " -- ") // what follows is another program's
		for _, name := range flag.FindAllString(arguments, -1) {
			if !strings.Contains(text, name) {
				t.Errorf("%s shows lab %s %s, which it does not take", doc, caught[1], name)
			}
		}
	})
}

// The README's table is that of the report which it names, line by line: no number is copied by hand.
func TestReadmeShowsTheReportsTable(t *testing.T) {
	readme := documents(t)["README.md"]
	named := regexp.MustCompile(`\]\((results/[^)/]+\.md)\)`).FindStringSubmatch(readme)
	if named == nil {
		t.Fatal("the README names no report")
	}
	report, err := os.ReadFile(filepath.Join("..", named[1]))
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?m)^\|.*\n(?:\|.*\n)+`).FindString(readme)
	if strings.Count(table, "\n") < 4 || !strings.Contains(string(report), "\n\n"+table+"\n") {
		t.Errorf("%s does not have this table of the README:\n%s", named[1], table)
	}
}
