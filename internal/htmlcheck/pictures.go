package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
)

// picture is a part of a report to show in the documentation.
type picture struct {
	name, scheme  string
	width, height int
	section       string // its upper edge; "" for that of the page
	media         string
}

// pictures of a report: what a reader sees first in both sets of colours, on a phone and on paper, and some sections.
var shots = []picture{
	{name: "report-light", scheme: "light", width: width, height: height},
	{name: "report-dark", scheme: "dark", width: width, height: height},
	{name: "report-narrow", scheme: "light", width: 360, height: 900},
	{name: "report-print", scheme: "light", width: 1032, height: 700, media: "print"},
	{name: "clocks", scheme: "light", width: width, height: 620, section: "clocks"},
	{name: "flames", scheme: "light", width: width, height: 760, section: "flames"},
}

// pictures writes all of them.
func (b *browser) pictures(file, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, p := range shots {
		if err := b.shoot(file, &p, filepath.Join(folder, p.name+".png")); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (b *browser) shoot(file string, p *picture, path string) error {
	if err := b.open(file, p.scheme); err != nil {
		return err
	}
	if err := b.resize(p.width, p.height); err != nil {
		return err
	}
	if p.media != "" {
		if err := b.media(p.media, p.scheme); err != nil {
			return err
		}
	}
	y := 0.0
	if p.section != "" {
		if err := b.eval(fmt.Sprintf(`document.getElementById(%q).getBoundingClientRect().top + scrollY - 12`, p.section), &y); err != nil {
			return err
		}
	}
	clip := map[string]any{"x": 0, "y": y, "width": p.width, "height": p.height, "scale": 1}
	var answer struct{ Data string }
	if err := b.call("Page.captureScreenshot", map[string]any{"clip": clip, "captureBeyondViewport": true}, &answer); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(answer.Data)
	if err != nil {
		return err
	}
	small, err := compress(data)
	if err != nil {
		return err
	}
	return os.WriteFile(path, small, 0o644)
}

// compress writes a picture with 256 colours, the most frequent ones, which text on a plain ground hardly exceeds.
func compress(data []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	size := img.Bounds()
	out := image.NewPaletted(size, palette(img))
	index := map[color.RGBA]uint8{}
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			c := coarse(img.At(x, y))
			i, ok := index[c]
			if !ok {
				i = uint8(out.Palette.Index(c))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var buf bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	err = e.Encode(&buf, out)
	return buf.Bytes(), err
}

// coarse keeps seven bits of each colour, which no eye tells from eight.
func coarse(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	part := func(v uint32) uint8 { return uint8(v>>8)&^1 | uint8(v>>15) }
	return color.RGBA{part(r), part(g), part(b), 255}
}

// palette holds the most frequent colours of a picture.
func palette(img image.Image) color.Palette {
	counts := map[color.RGBA]int{}
	size := img.Bounds()
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			counts[coarse(img.At(x, y))]++
		}
	}
	all := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		all = append(all, c)
	}
	number := func(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }
	slices.SortFunc(all, func(a, b color.RGBA) int { return cmp.Or(counts[b]-counts[a], number(a)-number(b)) })
	out := color.Palette{}
	for _, c := range all[:min(len(all), 256)] {
		out = append(out, c)
	}
	return out
}
