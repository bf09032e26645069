package main

// concept is a word of the output that a reader may not know, or knows with another meaning.
type concept struct {
	Name string   `json:"name"`
	Also []string `json:"also"` // other words for it, and words of the output that it explains
	Text string   `json:"text"`
}

// terms is the glossary, in the order of the alphabet. `witnessmark explain` and docs/terms.md are made from it.
var terms = []concept{
	{"aligned", []string{"alignment", "align", "early aligned", "early raw"}, "In JSON, the status of a clock that a model places: its offset is estimated and has bounds, so witnessmark align " +
		"can take the offset out. It does not say that the clock was right; tables say that with ahead, behind and \"not shown to be off\". EARLY RAW and EARLY ALIGNED count " +
		"calls whose server starts before its client, in the times as recorded and in those that are corrected."},
	{"alone", []string{"no-path", "left alone"}, "The status of a clock that nothing ties to another: no call leaves it and no reading compares it with UTC. Nothing is said about it, and align apply leaves its times as they are."},
	{"artifact", nil, "One file of the input, or one file inside of an archive. What kind it is follows from its content, never from its name."},
	{"assumed", []string{"assumed bounds"}, "Bounds of a clock's offset that hold if servers' spans end before their callers have the answer. That is so for nearly every call that waits for its answer, but it is no law: work that goes on behind the answer breaks it. " +
		"Answers that contradict the hard bounds are not used, and listed as asynchronous."},
	{"baseline", []string{"known", "accepted"}, "A file of findings that are known. With --baseline only findings that it does not hold fail a run (witnessmark baseline create)."},
	{"basis", []string{"proven", "bounded", "heuristic"}, "How strongly the evidence carries a finding. proven: the bytes imply it. bounded: it holds for every value in the stated interval. heuristic: it usually means this, and can be wrong; the check says when (witnessmark explain ID)."},
	{"bounds", []string{"interval", "open"}, "A lower and an upper limit of a number. Between them nothing is known, and outside of them the number cannot lie while what the bounds rest on holds. Open: nothing limits it on that side."},
	{"chance", []string{"may be chance", "beyond chance", "too few to tell", "told from chance", "among", "alpha", "noise"}, "Captures are samples: numbers of two captures of the same thing differ. diff calls a difference a change where an exact test tells it from that, at a level that keeps the " +
		"chance of any false alarm among all tests small (--alpha). \"may be chance among 137\": alone it would count, among 137 numbers tested at once it does not. \"too few to tell\": no outcome could have counted. docs/diff.md has the tests."},
	{"check", []string{"detector", "rule"}, "One thing that is looked for, with an id (WM4001) and a name (orphan-span). witnessmark checks lists them, witnessmark explain ID says what each proves and what it cannot see."},
	{"clean", []string{"outcome", "inapplicable", "failed", "disabled"}, "The outcome of a check that looked and found nothing. inapplicable: there was nothing to look at, which is no good news. failed: the check itself broke. disabled: --only or --skip or the configuration switched it off."},
	{"component", nil, "Clocks that calls or readings tie together, by whatever way. Between clocks of two components nothing tells which is ahead."},
	{"conflict", []string{"contradiction", "certificate", "retraction"}, "Statements about clocks that cannot all be true: a cycle of spans and readings around which less than nothing is left. No offset is given for clocks that take part."},
	{"domain", []string{"clock domain", "clock"}, "One clock: a machine's, not a process's. All processes of a host share it, so it is named by host.id, the node, or the host name, in that order; a process of which none of them is known counts as a clock of its own."},
	{"drift", []string{"ppm"}, "How fast a clock gains or loses, in millionths: 1 ppm is 86 ms a day. DRIFT shows the bounds of the rate that the bounds of the offset at both ends leave; \"open\" leaves room for all of --max-drift-ppm."},
	{"elided", []string{"elision", "frames elided"}, "Goroutine text shows at most 100 frames of a stack. Since Go 1.21 it leaves out the middle and says how many frames; that is elided, and exact. Up to Go 1.20 it cuts without a mark."},
	{"exhibit", []string{"place", "evidence"}, "The bytes behind a finding, as NAME@OFFSET+LENGTH in decompressed bytes. witnessmark show prints them decoded."},
	{"exit code", []string{"exit", "fail-on"}, "0: nothing at or above --fail-on. 1: something is, or diff found a regression. 2: usage error, or nothing could be done. 3: nothing at or above --fail-on, but some evidence could not be read, so this is no all-clear; --allow-incomplete makes it 0."},
	{"finding", nil, "Something that a check found, with the bytes that show it. Those of one check with the same thing to do stand together; JSON, SARIF and the others list each by itself."},
	{"hard", []string{"hard bounds"}, "Bounds of a clock's offset that hold whatever the network did: no span begins before its parent, no message is handled before it was sent, and a time daemon's reading is within its own stated error. They allow for clocks that gain or lose up to --max-drift-ppm."},
	{"health", []string{"healthy", "unhealthy"}, "In trend, how little a number of goroutines changes: 1 less the share that came or went over the window. 1 is steady."},
	{"hop", []string{"edge", "client", "server"}, "Calls from one service to another."},
	{"identity", []string{"service", "instance", "host", "az", "zone"}, "Whose an artifact is: service, instance, host and availability zone, from --identity, a manifest, or attributes in the file. inspect says where each value comes from."},
	{"incomplete", []string{"not seen"}, "Some evidence could not be read, or a check broke: what was not found may be in what was not seen. The run ends with exit code 3 where nothing else makes it fail."},
	{"label", []string{"labelable", "unlabelable", "coverage", "label coverage", "carried here"}, "A key and value that pprof.Do puts on the goroutine, such as route. Value is labelable where the program could have labelled it: its own work, in a profile of a kind that shows labels. The runtime's and the libraries' own " +
		"goroutines, and heap, mutex and block profiles are unlabelable and never counted. Coverage is the labelled share of what is labelable."},
	{"late ends", []string{"late end"}, "Answered calls whose server span ends when the caller has its answer already, as a share: such ends bound no clock."},
	{"likely", []string{"95 %"}, "An interval that holds a clock's offset with a chance of 95 %, if delays are as asymmetric as the model's assumptions say. The only one of the three intervals that can be wrong without a broken law; nothing is proven by it."},
	{"link", []string{"link completeness", "hop coverage"}, "In diff, link completeness is the share of calls for which the span of the server is there. 100 % says that no trace is cut between two services."},
	{"loss", []string{"missing", "lost", "damaged", "unreadable", "not examined", "unknown"}, "Data known to be missing. capture: the program that captured dropped it, and every byte was read. reading: the bytes are damaged, cut or over a limit of this run. " +
		"An artifact with such a loss is damaged, one of which nothing could be read is unreadable, one of no known format is unknown, and one of a known format that this version does not read is not examined."},
	{"measure", nil, "A number of a run, such as spans.orphan, in JSON for scripts, diff and --threshold. Checks report theirs also when they find nothing."},
	{"misalignment", []string{"uncertain", "unplaced"}, "By how much the recorded distance between the starts of two spans on two hosts is wrong, as the model estimates it. UNCERTAIN is the width of the bounds of that; UNPLACED counts calls between clocks that no model places."},
	{"offset", []string{"ahead", "behind", "not shown to be off", "skew"}, "How far a clock was ahead of the reference in the middle of the capture: +43ms shows 43 ms too much, -43ms too little. The offset is an estimate; the bounds are what is known. \"ahead (proven)\" and \"behind (assumed)\" say that the hard or the assumed bounds leave 0 out, " +
		"\"not shown to be off\" that the bounds hold 0."},
	{"orphan", []string{"orphan-span", "rootless"}, "A span that names a parent which no artifact holds. Its trace is cut there."},
	{"pp", []string{"percentage point"}, "The unit of a difference of two shares: from 53.0 % to 99.2 % is +46.2 pp."},
	{"reference", []string{"utc"}, "What offsets are against: UTC where a reading of chrony, ntpd or PTP ties the hosts to it, else the best connected of the clocks, right or wrong."},
	{"round trip", []string{"rtt", "rtt floor", "asymmetry"}, "RTT FLOOR is the least time that a request and its answer spent between two hosts. No method finds an offset of two clocks better than to half of it by calls between them alone, as nothing says how it divides between there and back."},
	{"rows", nil, "What an artifact holds, counted as it is recorded: spans, goroutines, samples of a profile, hosts of a table."},
	{"severity", []string{"error", "warning", "note"}, "How much a finding matters: error, warning or note. --fail-on says from which on the exit code is 1; the configuration may change it for a check. Basis says how sure it is."},
	{"step", []string{"slew", "was set"}, "A clock that was set to another time at once. A slew takes the same way slowly. Before and after it the clock has different offsets, and the moment is known as a bracket on the clock's own face."},
	{"subject", nil, "What a finding or a measure is about, by names that are the same in the next capture: services, routes, functions. It is how diff and baselines know a finding again."},
	{"suppression", []string{"suppressed"}, "An entry of witnessmark.yaml that accepts findings, with a reason and, if wanted, an end. One that has expired is a finding itself."},
	{"threshold", nil, "A limit that you set for diff, such as --threshold 'orphan_ratio>0.01' or 'group(main.worker)>+100'. diff fails on it where the number is beyond it by more than chance."},
	{"too-wide", nil, "The status of a clock whose bounds are wider than --max-width allows."},
	{"truncated", []string{"cut", "frame limit"}, "A stack that fills the runtime's limit of frames, so that its outermost callers are missing: 64 in CPU profiles, 32 in the others up to Go 1.22 and 128 since, and text of goroutines is elided instead. A file that ends too early is cut."},
	{"unbounded", []string{"bounds only"}, "The status of a clock whose bounds are open on one side: no call came back by another way. What is known is the other side, and align apply leaves its times as they are."},
	{"verdict", []string{"untested", "changed", "better", "worse", "one side only", "undecided", "regression"}, "What diff says of a difference. changed, better, worse: more than chance. untested: a number without a spread, which nothing can test. one side only: the other could not have it, so nothing is compared. A regression is what makes diff fail: " +
		"a new finding, a measure or a function that got worse beyond chance, or a threshold."},
	{"window", nil, "The time that an artifact covers, by its own clock, and the rule it was found by."},
}
