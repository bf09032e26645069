package align

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// cholesky is the upper triangle U of a symmetric matrix U'U. Unlike mat.Cholesky it overwrites the matrix, and
// leaves out the condition number, which takes as long as a third of the factors and which nobody asks for.
type cholesky struct{ u blas64.Triangular }

// factor takes the upper triangle of n rows, and reports whether the matrix is positive definite.
func (c *cholesky) factor(a []float64, n int) (ok bool) {
	c.u, ok = lapack64.Potrf(blas64.Symmetric{N: n, Stride: max(n, 1), Data: a, Uplo: blas.Upper})
	return ok
}

// solve replaces the right side of equations by what solves them.
func (c *cholesky) solve(b []float64) {
	lapack64.Potrs(c.u, blas64.General{Rows: len(b), Cols: 1, Stride: 1, Data: b})
}

// logDet is the logarithm of the matrix's determinant.
func (c *cholesky) logDet() float64 {
	sum := 0.0
	for i := range c.u.N {
		sum += 2 * math.Log(c.u.Data[i*c.u.Stride+i])
	}
	return sum
}

// inverse returns the inverse in place of the factors, nil if there is none.
func (c *cholesky) inverse() *mat.SymDense {
	s, ok := lapack64.Potri(c.u)
	if !ok {
		return nil
	}
	return mat.NewSymDense(s.N, s.Data)
}
