package evidence

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
)

// formatHostCSV reads a table that says which host is in which zone, with a header: host and az, and if
// wanted region and account, in any order. A host is whatever resources call it: a name, an id, an
// address.
var formatHostCSV = format{
	sniff: func(head []byte, whole bool) bool {
		line, _, found := bytes.Cut(bytes.TrimLeft(head, "\n"), newline)
		return (found || whole) && len(line) < 200 && hostColumns(line) != nil
	},
	read: readHostCSV,
}

// columnNames of a host table, by what they hold.
var columnNames = map[string]string{
	"host": "host", "hostname": "host", "node": "host", "az": "az", "zone": "az", "availability_zone": "az",
	"region": "region", "account": "account", "account_id": "account",
}

// hostColumns returns what the columns of a header hold, nil for a line that is no header of a host table.
func hostColumns(line []byte) []string {
	var columns []string
	for name := range strings.SplitSeq(string(line), ",") {
		column := columnNames[strings.ToLower(strings.Trim(name, " \t\r\""))]
		if column == "" || slices.Contains(columns, column) {
			return nil
		}
		columns = append(columns, column)
	}
	if !slices.Contains(columns, "host") || !slices.Contains(columns, "az") {
		return nil
	}
	return columns
}

// readHostCSV reads a row a line: a quoted field cannot hold a line break, which no host or zone has.
func readHostCSV(in *input) bool {
	const maxRow = 64 << 10
	stats := &PlaceStats{}
	in.art.Format, in.art.Places = "host-az/csv", stats
	var columns []string
	for {
		n := bytes.IndexByte(in.data(), '\n')
		if n < 0 && len(in.data()) < maxRow && in.more() {
			continue
		}
		if n < 0 {
			n = len(in.data())
		}
		line := in.data()[:n]
		switch {
		case n >= maxRow:
			in.lose(in.off(), int64(n), InReading, "a row of more than %s", sizeText(maxRow))
		case len(bytes.TrimSpace(line)) == 0 || line[0] == '#':
		case columns == nil:
			columns = hostColumns(line)
		default:
			if p, ok := hostRow(line, columns); ok {
				p.Ref = in.ref(in.off(), int64(n))
				in.art.places = append(in.art.places, p)
				stats.Hosts++
			} else {
				in.lose(in.off(), int64(n), InReading, "a row without host, or with other columns than the header")
			}
		}
		in.advance(min(n+1, len(in.data())))
		if len(in.data()) == 0 && !in.more() {
			return true
		}
	}
}

func hostRow(line []byte, columns []string) (Place, bool) {
	p := Place{Kind: PlaceHost}
	r := csv.NewReader(bytes.NewReader(line))
	r.TrimLeadingSpace = true
	fields, err := r.Read()
	if err != nil || len(fields) != len(columns) {
		return p, false
	}
	for i, f := range fields {
		f = strings.TrimSpace(f)
		switch column := columns[i]; {
		case f == "":
		case column == "host":
			p.Name = f
			p.HostIDs = []string{f}
			p.IPs = appendKnown(nil, hostIP(f))
		case column == "az":
			p.Zone = Attr{f, "column az"}
		case column == "region":
			p.Region = Attr{f, "column region"}
		case column == "account":
			p.Account = f
		}
	}
	return p, p.Name != ""
}
