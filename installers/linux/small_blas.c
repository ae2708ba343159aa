/* The interface by which numpy's wheel calls OpenBLAS, over the small BLAS that numpy's sources contain.
 *
 * numpy brings OpenBLAS (28 MB) for large matrices, which the program does not have. Its sources also hold LAPACK and
 * the part of BLAS that LAPACK needs, translated from Fortran by f2c ("lapack_lite"), for systems without either. They
 * are compiled with the names of OpenBLAS (small_blas.sh); this file adds the functions of CBLAS that numpy's matrix
 * product calls. A matrix that is stored by rows is the transpose of one stored by columns, so factors and sides are
 * swapped. Nothing here is called with CblasConjTrans on a vector (numpy, _core/src/common/cblasfuncs.c and
 * _core/src/umath/matmul.c.src).
 */
#include "f2c.h"

#define INT const CBLAS_INT
#define ORDER const enum CBLAS_ORDER
#define TRANSPOSE const enum CBLAS_TRANSPOSE

static char letter(enum CBLAS_TRANSPOSE transpose)
{
    return transpose == CblasNoTrans ? 'N' : transpose == CblasTrans ? 'T' : 'C';
}

static char flipped(enum CBLAS_TRANSPOSE transpose) { return transpose == CblasNoTrans ? 'T' : 'N'; }

/* Real functions of f2c return double; complex ones write to their first argument. */
#define REAL_DOT(p, type)                                                                                              \
    extern doublereal p##dot_(CBLAS_INT *, type *, CBLAS_INT *, type *, CBLAS_INT *);                                  \
    type CBLAS_FUNC(cblas_##p##dot)(INT n, const type *x, INT dx, const type *y, INT dy)                               \
    {                                                                                                                  \
        return (type)p##dot_((CBLAS_INT *)&n, (type *)x, (CBLAS_INT *)&dx, (type *)y, (CBLAS_INT *)&dy);               \
    }

#define COMPLEX_DOT(p, kind, type)                                                                                     \
    extern void p##dot##kind##_(type *, CBLAS_INT *, type *, CBLAS_INT *, type *, CBLAS_INT *);                        \
    void CBLAS_FUNC(cblas_##p##dot##kind##_sub)(INT n, const void *x, INT dx, const void *y, INT dy, void *dot)        \
    {                                                                                                                  \
        p##dot##kind##_(dot, (CBLAS_INT *)&n, (type *)x, (CBLAS_INT *)&dx, (type *)y, (CBLAS_INT *)&dy);               \
    }

/* `scalar` is how CBLAS passes alpha and beta, `at` takes the address of one; `array` is how it passes an array. */
#define PRODUCTS(p, type, scalar, at, array)                                                                           \
    extern int p##axpy_(CBLAS_INT *, type *, type *, CBLAS_INT *, type *, CBLAS_INT *);                                \
    extern int p##gemv_(char *, CBLAS_INT *, CBLAS_INT *, type *, type *, CBLAS_INT *, type *, CBLAS_INT *, type *,    \
                        type *, CBLAS_INT *);                                                                          \
    extern int p##gemm_(char *, char *, CBLAS_INT *, CBLAS_INT *, CBLAS_INT *, type *, type *, CBLAS_INT *, type *,    \
                        CBLAS_INT *, type *, type *, CBLAS_INT *);                                                     \
    void CBLAS_FUNC(cblas_##p##axpy)(INT n, const scalar alpha, const array *x, INT dx, array *y, INT dy)              \
    {                                                                                                                  \
        p##axpy_((CBLAS_INT *)&n, (type *)at alpha, (type *)x, (CBLAS_INT *)&dx, (type *)y, (CBLAS_INT *)&dy);         \
    }                                                                                                                  \
    void CBLAS_FUNC(cblas_##p##gemv)(ORDER order, TRANSPOSE transpose, INT m, INT n, const scalar alpha,               \
                                     const array *a, INT lda, const array *x, INT dx, const scalar beta, array *y,     \
                                     INT dy)                                                                           \
    {                                                                                                                  \
        char by_rows = order == CblasRowMajor, side = by_rows ? flipped(transpose) : letter(transpose);                \
        CBLAS_INT rows = by_rows ? n : m, columns = by_rows ? m : n;                                                   \
        p##gemv_(&side, &rows, &columns, (type *)at alpha, (type *)a, (CBLAS_INT *)&lda, (type *)x, (CBLAS_INT *)&dx,  \
                 (type *)at beta, (type *)y, (CBLAS_INT *)&dy);                                                        \
    }                                                                                                                  \
    void CBLAS_FUNC(cblas_##p##gemm)(ORDER order, TRANSPOSE ta, TRANSPOSE tb, INT m, INT n, INT k, const scalar alpha, \
                                     const array *a, INT lda, const array *b, INT ldb, const scalar beta, array *c,    \
                                     INT ldc)                                                                          \
    {                                                                                                                  \
        char first = letter(ta), second = letter(tb);                                                                  \
        if (order == CblasColMajor)                                                                                    \
            p##gemm_(&first, &second, (CBLAS_INT *)&m, (CBLAS_INT *)&n, (CBLAS_INT *)&k, (type *)at alpha, (type *)a,  \
                     (CBLAS_INT *)&lda, (type *)b, (CBLAS_INT *)&ldb, (type *)at beta, (type *)c, (CBLAS_INT *)&ldc);  \
        else                                                                                                           \
            p##gemm_(&second, &first, (CBLAS_INT *)&n, (CBLAS_INT *)&m, (CBLAS_INT *)&k, (type *)at alpha, (type *)b,  \
                     (CBLAS_INT *)&ldb, (type *)a, (CBLAS_INT *)&lda, (type *)at beta, (type *)c, (CBLAS_INT *)&ldc);  \
    }                                                                                                                  \
    /* A product with its own transpose. All of it is computed, where only a triangle is asked for. */                 \
    void CBLAS_FUNC(cblas_##p##syrk)(ORDER order, const enum CBLAS_UPLO triangle, TRANSPOSE transpose, INT n, INT k,   \
                                     const scalar alpha, const array *a, INT lda, const scalar beta, array *c,         \
                                     INT ldc)                                                                          \
    {                                                                                                                  \
        (void)triangle;                                                                                                \
        CBLAS_FUNC(cblas_##p##gemm)                                                                                    \
        (order, transpose, transpose == CblasNoTrans ? CblasTrans : CblasNoTrans, n, n, k, alpha, a, lda, a, lda,      \
         beta, c, ldc);                                                                                                \
    }

REAL_DOT(s, float)
REAL_DOT(d, double)
COMPLEX_DOT(c, u, singlecomplex)
COMPLEX_DOT(c, c, singlecomplex)
COMPLEX_DOT(z, u, doublecomplex)
COMPLEX_DOT(z, c, doublecomplex)
PRODUCTS(s, float, float, &, float)
PRODUCTS(d, double, double, &, double)
PRODUCTS(c, singlecomplex, void *, , void)
PRODUCTS(z, doublecomplex, void *, , void)
