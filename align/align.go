// Package align puts the clocks of many hosts back together. In go spans that crossed hosts and readings
// of clocks against UTC; out comes a Model: where every clock stood at every time, between which bounds
// that is proven, and which assumptions the bounds need. A model becomes edits of the captures' bytes,
// and a receipt by which they can be taken back.
//
// It never states a number that the evidence contradicts: where constraints cannot hold together, the
// model holds a Certificate, a cycle of named spans whose sum is negative, and no offset.
//
// Offsets have one sign throughout: local reading = reference time + offset, so that a positive offset is
// a clock that is ahead. Instants are Unix nanoseconds.
package align
