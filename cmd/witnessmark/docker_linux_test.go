package main

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// instruction is one of a Dockerfile: its name and the rest.
type instruction struct{ name, rest string }

// lastStage reads the Dockerfile: the instruction that builds the program, and those of the last stage.
func lastStage(t *testing.T) (build string, last []instruction) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	joined := regexp.MustCompile(`\\\n`).ReplaceAllString(regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(text), ""), " ")
	for _, line := range strings.Split(joined, "\n") {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "":
			continue
		case name == "FROM":
			last = nil
		case name == "RUN" && strings.Contains(rest, "go build"):
			build = rest
		}
		last = append(last, instruction{name, rest})
	}
	return build, last
}

// TestDockerfile runs the line that builds the program of the image, and the program as the image would: in a root that
// holds nothing else, as the user that the image names.
func TestDockerfile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command")
	}
	build, last := lastStage(t)
	user, entry, copied := "", []string(nil), ""
	for _, i := range last {
		switch i.name {
		case "FROM":
			if i.rest != "scratch" {
				t.Errorf("the last stage is from %s", i.rest)
			}
		case "USER":
			user = i.rest
		case "ENTRYPOINT":
			if err := json.Unmarshal([]byte(i.rest), &entry); err != nil {
				t.Errorf("the entry point goes by way of a shell, which is not there: %s", i.rest)
			}
		case "COPY":
			copied += i.rest + "\n"
		case "LABEL":
		default:
			t.Errorf("the last stage has %s", i.name)
		}
	}
	if len(entry) != 1 || !strings.Contains(copied, "--from=build "+entry[0]+" "+entry[0]+"\n") {
		t.Fatalf("entry point %v of what is copied: %s", entry, copied)
	}
	ids := regexp.MustCompile(`^([1-9]\d*):([1-9]\d*)$`).FindStringSubmatch(user)
	if ids == nil {
		t.Fatalf("user %q, want the numbers of one that is not root", user)
	}
	image := t.TempDir()
	program := filepath.Join(image, entry[0])
	cmd := exec.Command("sh", "-ec", strings.Replace(build, "-o "+entry[0]+" ", "-o "+program+" ", 1))
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "TARGETOS=", "TARGETARCH=", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	checkStatic(t, program)
	runAlone(t, image, entry[0], ids[1], ids[2])
}

// checkStatic: the program needs no loader and no library.
func checkStatic(t *testing.T, program string) {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program names a loader")
		}
	}
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("the program needs %v", libraries)
	}
}

// runAlone runs the program with image as its root, of which it may write nothing.
func runAlone(t *testing.T, image, entry, uid, gid string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Log("not root: the program was not run in a root of its own")
		return
	}
	u, err1 := strconv.ParseUint(uid, 10, 32)
	g, err2 := strconv.ParseUint(gid, 10, 32)
	if err := errors.Join(err1, err2, writeIncident(filepath.Join(image, "dumps")), os.Chmod(image, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(entry, "examine", "/dumps")
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: image, Credential: &syscall.Credential{Uid: uint32(u), Gid: uint32(g)}}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if errors.Is(err, syscall.EPERM) {
		t.Log("this sandbox allows no chroot: the program was not run in a root of its own")
		return
	}
	if e := (*exec.ExitError)(nil); !errors.As(err, &e) || e.ExitCode() != 1 || !strings.Contains(out.String(), "WM1003") {
		t.Errorf("in a root of its own: %v\n%s", err, out.String())
	}
}
