package analyze

import (
	"sync"

	"github.com/witnessmark/witnessmark/evidence"
)

// Index is a structure computed from the bundle once in a run and shared by the detectors that ask for
// it. Declare it as a package variable with NewIndex.
type Index[T any] struct {
	key   *byte
	build func(*Pass) T
}

// NewIndex makes an index that build computes. build must not change the bundle.
func NewIndex[T any](build func(*evidence.Bundle) T) Index[T] {
	return NewDerivedIndex(func(p *Pass) T { return build(p.Bundle) })
}

// NewDerivedIndex makes an index that build computes from other indexes and the bundle. Which detector's
// pass build gets depends on chance: it must not report to it.
func NewDerivedIndex[T any](build func(*Pass) T) Index[T] {
	return Index[T]{key: new(byte), build: build}
}

type indexCell struct {
	once  sync.Once
	value any
	panic any
}

// Of returns the index of the pass's bundle, computing it on first use. If computing it panicked, Of
// panics with the same value for every detector that asks.
func (x Index[T]) Of(p *Pass) T {
	p.run.mu.Lock()
	cell := p.run.indexes[x.key]
	if cell == nil {
		cell = new(indexCell)
		p.run.indexes[x.key] = cell
	}
	p.run.mu.Unlock()
	cell.once.Do(func() {
		defer func() {
			if e := recover(); e != nil {
				cell.panic = located{e, panicSite()}
			}
		}()
		cell.value = x.build(p)
	})
	if cell.panic != nil {
		panic(cell.panic)
	}
	return cell.value.(T)
}

// In returns the index of a run's bundle when the run is over, for whoever makes a view of it, computing it
// if no detector asked for it. If computing it panicked, In panics with the same value.
func (x Index[T]) In(r *Result) T {
	if r.run == nil {
		r.run = &run{bundle: r.Bundle, indexes: map[any]*indexCell{}}
	}
	return x.Of(&Pass{Bundle: r.Bundle, Options: &r.options, run: r.run})
}

// Computed returns the index if the run computed it.
func (x Index[T]) Computed(r *Result) (value T, ok bool) {
	if r.run == nil {
		return value, false
	}
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	cell := r.run.indexes[x.key]
	if cell == nil || cell.panic != nil {
		return value, false
	}
	value, ok = cell.value.(T)
	return value, ok
}
