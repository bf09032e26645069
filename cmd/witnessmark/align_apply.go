package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze/clocks"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

const alignApplyLong = `apply writes copies of captures whose times lie on the model's one time line, and says on each resource what was
done. Resources that lack their availability zone and region get them where they are known (--az, and what the
captures tell). Nothing else changes: bytes that are not edited are copied, durations stay what they were to the
nanosecond, containers are kept.

OTLP traces, logs and metrics (protobuf, framed, JSON, JSON lines; plain, gzip, zstd or zstd-framed) and pprof
profiles are rewritten. Goroutine dumps and text profiles hold no time and are copied. Other files are passed over.
Archives must be unpacked first. A file that is cut or damaged is refused.

Beside each copy lies NAME.witnessmark.json, which says what was done, and a file from which --reverse restores
the input byte for byte: NAME.witnessmark.undo, or NAME.witnessmark.original where compression cannot be repeated.`

// alignApply is the command align apply.
type alignApply struct {
	app  *app
	code *int

	model, dir, digest, format        string
	reverse, compose, keep, overwrite bool
	zones, labels, identity           []string
}

// newAlignApply makes the command.
func newAlignApply(a *app, code *int) *cobra.Command {
	o := &alignApply{app: a, code: code}
	cmd := &cobra.Command{
		Use:   "apply --model MODEL PATH… -o DIR",
		Short: "Write copies whose times lie on one time line, and take them back",
		Long:  alignApplyLong,
		Example: `  witnessmark align apply --model model.json dumps/ -o aligned/
  witnessmark align apply --model model.json --az ip-10-0-1-7=us-east-1a --label az,host dumps/ -o aligned/
  witnessmark align apply --reverse aligned/ -o restored/`,
		Args: atLeast(1),
		RunE: o.run,
	}
	f := cmd.Flags()
	f.StringVar(&o.model, "model", "", "the clock model that align estimate wrote")
	f.StringVarP(&o.dir, "output", "o", "", "folder for the copies; it may not hold the inputs")
	f.BoolVar(&o.reverse, "reverse", false, "restore the inputs of rewritten files")
	f.BoolVar(&o.compose, "compose", false, "move times that were moved before once more")
	f.BoolVar(&o.keep, "keep-originals", false, "add the recorded start, the correction and its bounds to every span")
	f.StringSliceVar(&o.labels, "label", nil, "labels for every sample of a profile: az, host")
	f.StringArrayVar(&o.zones, "az", nil, "DOMAIN=ZONE: availability zone of a clock domain; repeatable")
	f.BoolVar(&o.overwrite, "az-overwrite", false, "replace zones that contradict the evidence")
	f.StringArrayVar(&o.identity, "identity", nil, "`GLOB:key=value,...` with keys service, instance, host, az, domain, at; repeatable")
	f.StringVar(&o.digest, "digest", "crc32c", "digest of files in sidecars: crc32c, or sha256, which takes longer than rewriting")
	f.StringVar(&o.format, "format", "table", "format on standard output: table or json")
	return cmd
}

// applied is what became of one file.
type applied struct {
	Path    string         `json:"path"`
	Out     string         `json:"output"`
	Error   string         `json:"error,omitempty"`
	Sidecar *align.Sidecar `json:"sidecar,omitempty"`

	format evidence.Format // of the input
}

func (o *alignApply) run(_ *cobra.Command, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	var list []applied
	var err error
	if o.reverse {
		list, err = o.restore(args)
	} else {
		list, err = o.apply(args)
	}
	if printErr := o.print(list); err == nil {
		err = printErr
	}
	return err
}

var errInterrupted = errors.New("interrupted: the file at hand was not written, those before are whole")

// catchSignals makes the signals that end a program end the returned context instead, while files are written.
func catchSignals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// apply rewrites every file that the arguments name.
func (o *alignApply) apply(args []string) ([]applied, error) {
	text, err := readModel(o.model)
	if err != nil {
		return nil, err
	}
	model, err := align.ParseModel(text)
	if err != nil {
		return nil, notModel(o.model, err)
	}
	digest := sha256.Sum256(text)
	opts := align.ApplyOptions{ReplaceZones: o.overwrite, Labels: o.labels, KeepOriginals: o.keep, Compose: o.compose}
	if opts.Zones, err = o.zoneMap(model); err != nil {
		return nil, err
	}
	load := evidence.Options{Jobs: 1}
	for _, s := range o.identity {
		rule, err := evidence.ParseIdentity(s)
		if err != nil {
			return nil, fmt.Errorf("--identity: %w", err)
		}
		load.Identity = append(load.Identity, rule)
	}
	job := align.Job{Tool: "witnessmark " + version(), Model: hex.EncodeToString(digest[:]), Digest: o.digest}
	if list, ok, err := o.try(args, load, model, opts, job); ok {
		return list, err
	}
	b, err := evidence.Load(args, load)
	if err != nil {
		return nil, hint(err, args, nil)
	}
	var join *evidence.SpanJoin
	if b.Spans.Len() > 0 {
		join = evidence.JoinSpans(b)
	}
	plan := align.NewPlan(b, join, model, opts)
	ctx, stop := catchSignals()
	defer stop()
	list, passed, err := o.each(ctx, b.Artifacts, args, job, plan.Apply)
	if err != nil {
		return list, err
	}
	return list, o.conclude(list, passed)
}

// try rewrites the files without reading their spans first. ok is false where that will not do; nothing is written then.
func (o *alignApply) try(args []string, load evidence.Options, model *align.Model, opts align.ApplyOptions, job align.Job) (list []applied, ok bool, err error) {
	load.ResourcesOnly = true
	b, err := evidence.Load(args, load)
	if err != nil {
		return nil, true, hint(err, args, nil)
	}
	if len(o.app.unmatched(b)) > 0 {
		return nil, true, errors.New("nothing was written")
	}
	trial := align.NewTrial(b, model, opts)
	if trial == nil {
		return nil, false, nil
	}
	ctx, stop := catchSignals()
	defer stop()
	defer trial.Discard()
	list, passed, err := o.each(ctx, b.Artifacts, args, job, trial.Apply)
	if err != nil {
		return nil, true, errors.New("interrupted: nothing was written")
	}
	for i := range list {
		// What is damaged may have been read in part, and its spans may be parents and children of others.
		if list[i].format == evidence.FormatOTLPTraces && list[i].Error != "" {
			return nil, false, nil
		}
	}
	if !trial.Holds() {
		return nil, false, nil
	}
	if err := trial.Commit(); err != nil {
		return nil, true, err
	}
	return list, true, o.conclude(list, passed)
}

func (o *alignApply) zoneMap(model *align.Model) (map[string]string, error) {
	zones := map[string]string{}
	for _, z := range o.zones {
		domain, zone, ok := strings.Cut(z, "=")
		if !ok || domain == "" || zone == "" {
			return nil, fmt.Errorf("--az %q: want DOMAIN=ZONE", z)
		}
		d := model.Named(domain)
		if d == nil {
			return nil, fmt.Errorf("--az %q: the model holds no clock domain %q, or several of hosts of that name\nit has %s", z, domain, clocksOf(model))
		}
		if known, ok := zones[d.Name]; ok && known != zone {
			return nil, fmt.Errorf("--az %q: it is in %s already", z, known)
		}
		zones[d.Name] = zone
	}
	return zones, nil
}

// clocksOf names clocks of a model.
func clocksOf(m *align.Model) string {
	const most = 5
	var names []string
	for i := range m.Domains {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(m.Domains)-i))
			break
		}
		names = append(names, clocks.NameOf(&m.Domains[i]))
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

// each calls do for every artifact that can be one input, and gathers what became of it. It fails only where ctx ends it. passed holds
// the formats of the files that hold nothing to rewrite.
func (o *alignApply) each(ctx context.Context, artifacts []*evidence.Artifact, args []string, job align.Job, do func(context.Context, align.Job) (*align.Sidecar, error)) (list []applied, passed []string, err error) {
	names := map[string]string{}
	archives := map[string]bool{}
	for i, a := range artifacts {
		if _, ok := evidence.Beside(a.Path); ok {
			continue
		}
		f := applied{Path: a.Path, Out: o.outputName(a.Path, args), format: a.Format}
		err := o.ready(a, &f, names, archives)
		if err == nil && f.Path != "" {
			job.Artifact, job.In, job.Out = i, filepath.FromSlash(a.Path), f.Out
			f.Sidecar, err = do(ctx, job)
		}
		if ctx.Err() != nil {
			return list, passed, errInterrupted
		}
		switch {
		case errors.Is(err, align.ErrFormat):
			passed = append(passed, string(a.Format))
			continue
		case errors.Is(err, align.ErrMoved):
			f.Error = "its times were moved before: --compose moves them once more"
		case err != nil:
			f.Error = err.Error()
		case f.Path == "":
			continue
		}
		list = append(list, f)
	}
	return list, passed, nil
}

// conclude says what there is to say of all files, and sets the exit code.
func (o *alignApply) conclude(list []applied, passed []string) error {
	if n := len(passed); n > 0 {
		slices.Sort(passed)
		fmt.Fprintf(o.app.stderr, "witnessmark: %s not copied, being of a kind that is not rewritten: %s\n", count(n, "file"), strings.Join(slices.Compact(passed), ", "))
	}
	o.warn(list)
	return o.verdict(list)
}

// restore reverses every rewritten file that the arguments name.
func (o *alignApply) restore(args []string) ([]applied, error) {
	ctx, stop := catchSignals()
	defer stop()
	var list []applied
	bare := 0 // files without a sidecar
	for _, root := range args {
		if _, err := os.Lstat(root); errors.Is(err, fs.ErrNotExist) {
			return list, fmt.Errorf("%s: no such file or folder", root)
		}
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir():
				return nil
			}
			if _, ok := evidence.Beside(path); ok {
				return nil
			}
			f := applied{Path: filepath.ToSlash(path), Out: o.outputName(filepath.ToSlash(path), args)}
			if _, err := os.Stat(path + align.SidecarSuffix); err != nil {
				bare++
				f.Error = "there is no sidecar " + filepath.Base(path) + align.SidecarSuffix + " beside it"
			} else if err := o.room(f.Out); err != nil {
				f.Error = err.Error()
			} else if f.Sidecar, err = align.Reverse(ctx, path, f.Out); err != nil {
				f.Error = err.Error()
			}
			if ctx.Err() != nil {
				return errInterrupted
			}
			list = append(list, f)
			return nil
		})
		if err != nil && !errors.Is(err, errInterrupted) {
			err = hint(err, args, nil)
		}
		if err != nil {
			return list, err
		}
	}
	if bare > 1 && bare == len(list) {
		return nil, fmt.Errorf("none of %d files has a sidecar NAME%s beside it\nwant the folder that align apply wrote", bare, align.SidecarSuffix)
	}
	return list, o.verdict(list)
}

// verdict sets the exit code, and returns an error where nothing was written.
func (o *alignApply) verdict(list []applied) error {
	written := 0
	for _, f := range list {
		if f.Error == "" {
			written++
			continue
		}
		*o.code = report.ExitIncomplete
		o.app.fail(fmt.Errorf("%s: %s", f.Path, f.Error))
	}
	switch {
	case len(list) == 0 && o.reverse:
		return errors.New("no file is there\nwant the folder that align apply wrote")
	case written == 0:
		return errors.New("nothing was written")
	}
	return nil
}
