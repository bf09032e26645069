package evidence

// format is one reader. The list formats, in order of specificity, is all that Load knows of formats;
// a new one is a file format_NAME.go and a line in the list.
type format struct {
	// sniff reports whether head, the first bytes of the decoded stream, begins this format. whole says
	// that head is all there is. It looks at content only and never at names.
	sniff func(head []byte, whole bool) bool
	// read reads the stream to its end. It sets Format, and what else it learns, on in.art, keeps every
	// row before damage, and records each Loss. It returns false where the content turned out not to be
	// of this format; in.art is then unchanged apart from what the next reader overwrites.
	read func(in *input) bool
	// listed says that the format is recognised and not read. Its read needs next to nothing but what
	// sniff saw, so that it can be asked after a reader that consumed the stream and refused it.
	listed bool
}

// sniffBytes is how much of a stream Load shows to sniff.
const sniffBytes = 64 << 10
