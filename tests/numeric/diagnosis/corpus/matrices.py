"""Quadratic forms, factorisations, kernels, determinants."""

# An edit stands on one line, however long.
# ruff: noqa: N817
from __future__ import annotations

import numpy as np
from numeric.diagnosis.corpus.loss import Loss, entering

from chainrule.numeric.diagnosis import Mistake as M

LOSSES: list[Loss] = []
enter = entering(LOSSES)


def quadratic_form(x, A, b):
    return x @ A @ x + b @ x


def quadratic_form_gradient(x, A, b):
    return (A + A.T) @ x + b


enter(
    quadratic_form,
    quadratic_form_gradient,
    lambda random: (random.normal(size=4), random.normal(size=(4, 4)), random.normal(size=4)),
    (M.PATH_TWICE, "(A + A.T) @ x", "2 * A @ x"),
    (M.PATH_TWICE, "(A + A.T) @ x", "2 * A.T @ x"),
    (M.PATH_MISSING, "(A + A.T) @ x", "A @ x"),
    (M.PATH_MISSING, "(A + A.T) @ x", "A.T @ x"),
    (M.PATH_MISSING, " + b", ""),
    (M.STEP_SIGN, "x + b", "x - b"),
    (M.STEP_SIGN, "(A + A.T)", "(A - A.T)"),
)


def matrix_factorisation(U, V, R, lam):
    return 0.5 * np.sum((U @ V.T - R) ** 2) + lam / 2 * (np.sum(U**2) + np.sum(V**2))


def matrix_factorisation_gradient(U, V, R, lam):
    E = U @ V.T - R
    return E @ V + lam * U, E.T @ U + lam * V


enter(
    matrix_factorisation,
    matrix_factorisation_gradient,
    lambda random: (random.normal(size=(5, 2)), random.normal(size=(4, 2)), random.normal(size=(5, 4)), 0.3),
    (M.TERM_MISSING, "E @ V + lam * U", "E @ V"),
    (M.TERM_EXTRA, "lam * V", "2 * lam * V"),
    (M.STEP_SIGN, "U @ V.T - R", "R - U @ V.T"),
    (M.TRANSPOSED, "return E @ V + lam * U", "return (E @ V + lam * U).T"),
    (M.OTHER_ARGUMENT, "return E @ V + lam * U, E.T @ U + lam * V", "return E.T @ U + lam * V, E @ V + lam * U"),
    (M.STEP_SIGN, "E @ V + lam * U", "E @ V - lam * U"),
    (M.FACTOR, "return E @ V + lam * U", "return 2 * (E @ V + lam * U)"),
    argnums=(0, 1),
)


def kernel_ridge(a, K, y, lam):
    return 0.5 * np.sum((y - K @ a) ** 2) + 0.5 * lam * a @ K @ a


def kernel_ridge_gradient(a, K, y, lam):
    return -K.T @ (y - K @ a) + lam * (K + K.T) @ a / 2


def gram(random, n=5):
    Z = random.normal(size=(n, 2))
    K = np.exp(-np.sum((Z[:, None] - Z) ** 2, axis=-1))
    return random.normal(size=n), K, random.normal(size=n), 0.4


enter(
    kernel_ridge,
    kernel_ridge_gradient,
    gram,
    (M.STEP_SIGN, "-K.T", "K.T"),
    (M.TERM_MISSING, "lam * (K + K.T) @ a / 2", "0"),
    (M.STEP_FACTOR, "lam * (K + K.T) @ a / 2", "lam * (K + K.T) @ a"),
    (M.INNER_FACTOR, "-K.T @ (y - K @ a)", "-(y - K @ a)"),
    (M.INNER_FACTOR, "lam * (K + K.T) @ a / 2", "lam * a"),
    (M.SIGN, "return -K.T @ (y - K @ a) + lam", "return K.T @ (y - K @ a) - lam"),
    (M.SHIFTED, "return -K.T @ (y - K @ a)", "return -K.T @ np.roll(y - K @ a, 1)"),
)


def log_determinant(A, S):
    return np.trace(S @ A) - np.linalg.slogdet(A)[1]


def log_determinant_gradient(A, S):
    return S.T - np.linalg.inv(A).T


enter(
    log_determinant,
    log_determinant_gradient,
    lambda random: (random.normal(size=(4, 4)) + 4 * np.eye(4), random.normal(size=(4, 4))),
    (M.TRANSPOSED, "S.T - np.linalg.inv(A).T", "S - np.linalg.inv(A)"),
    (M.STEP_TRANSPOSED, "S.T -", "S -"),
    (M.STEP_TRANSPOSED, "np.linalg.inv(A).T", "np.linalg.inv(A)"),
    (M.STEP_SIGN, "S.T -", "S.T +"),
    (M.PATH_MISSING, "S.T - ", "-"),
    (M.PATH_MISSING, " - np.linalg.inv(A).T", ""),
    (M.STEP_FACTOR, "- np.linalg.inv(A).T", "- 2 * np.linalg.inv(A).T"),
)


def frobenius(A, B):
    return np.linalg.norm(A @ B)


def frobenius_gradient(A, B):
    C = A @ B
    return C @ B.T / np.linalg.norm(C), A.T @ C / np.linalg.norm(C)


enter(
    frobenius,
    frobenius_gradient,
    lambda random: tuple(random.normal(size=(2, 3, 3))),
    (M.INNER_FACTOR, "return C @ B.T / np.linalg.norm(C)", "return C @ B.T"),
    (M.STEP_TRANSPOSED, "C @ B.T", "C @ B"),
    (M.STEP_TRANSPOSED, "A.T @ C", "A @ C"),
    (
        M.OTHER_ARGUMENT,
        "return C @ B.T / np.linalg.norm(C), A.T @ C / np.linalg.norm(C)",
        "return A.T @ C / np.linalg.norm(C), C @ B.T / np.linalg.norm(C)",
    ),
    (M.FACTOR, "return C @ B.T", "return 2 * C @ B.T"),
    (M.TRANSPOSED, "return C @ B.T", "return B @ C.T"),
    (M.SIGN, "return C", "return -C"),
    argnums=(0, 1),
)


def bilinear(W, X, Z, y):
    s = np.sum((X @ W) * Z, axis=1)
    return np.mean((s - y) ** 2)


def bilinear_gradient(W, X, Z, y):
    e = 2 * (np.sum((X @ W) * Z, axis=1) - y) / len(y)
    return X.T @ (e[:, None] * Z)


enter(
    bilinear,
    bilinear_gradient,
    lambda random: (random.normal(size=(3, 3)), *random.normal(size=(2, 7, 3)), random.normal(size=7)),
    (M.TRANSPOSED, "X.T @ (e[:, None] * Z)", "Z.T @ (e[:, None] * X)"),
    (M.SUMMED, " / len(y)", ""),
    (M.INNER_FACTOR, "(e[:, None] * Z)", "(e[:, None] * np.ones_like(Z))"),
    (M.ROWS_LEFT_OUT, "X.T @ (e[:, None] * Z)", "X[:-1].T @ (e[:, None] * Z)[:-1]"),
    (M.SHIFTED, "(e[:, None] * Z)", "(np.roll(e, 1)[:, None] * Z)"),
    (M.NOT_SUMMED, "X.T @ (e[:, None] * Z)", "X[:, :, None] * (e[:, None] * Z)[:, None, :]"),
    (M.FACTOR, "e = 2 *", "e = 4 *"),
)


def rayleigh(x, A):
    return (x @ A @ x) / (x @ x)


def rayleigh_gradient(x, A):
    n = x @ x
    return (A + A.T) @ x / n - 2 * (x @ A @ x) / n**2 * x


enter(
    rayleigh,
    rayleigh_gradient,
    lambda random: (random.normal(size=4), random.normal(size=(4, 4))),
    (M.TERM_MISSING, " - 2 * (x @ A @ x) / n**2 * x", ""),
    (M.PATH_TWICE, "(A + A.T) @ x", "2 * A @ x"),
    (M.STEP_SIGN, "/ n - 2", "/ n + 2"),
    (M.TERM_EXTRA, "2 * (x @ A @ x)", "(x @ A @ x)"),
    (M.TERM_EXTRA, "/ n**2", "/ n"),
    (M.PATH_MISSING, "(A + A.T) @ x / n", "A @ x / n"),
    (M.PATH_MISSING, "(A + A.T) @ x / n", "0"),
)


def pca(W, X):
    return 0.5 * np.mean(np.sum((X - X @ W @ W.T) ** 2, axis=1))


def pca_gradient(W, X):
    E = (X - X @ W @ W.T) / len(X)
    return -X.T @ (E @ W) - E.T @ (X @ W)


enter(
    pca,
    pca_gradient,
    lambda random: (random.normal(size=(4, 2)), random.normal(size=(7, 4))),
    (M.PATH_MISSING, " - E.T @ (X @ W)", ""),
    (M.PATH_MISSING, "-X.T @ (E @ W) ", ""),
    (M.SUMMED, " / len(X)", ""),
    (M.PATH_TWICE, "-X.T @ (E @ W) - E.T @ (X @ W)", "-2 * X.T @ (E @ W)"),
    (M.PATH_TWICE, "-X.T @ (E @ W) - E.T @ (X @ W)", "-2 * E.T @ (X @ W)"),
    (M.STEP_SIGN, "- E.T @ (X @ W)", "+ E.T @ (X @ W)"),
    (M.SIGN, "E = (X - X @ W @ W.T)", "E = (X @ W @ W.T - X)"),
)


def mahalanobis(m, P, X):
    D = X - m
    return np.mean(np.einsum("ni,ij,nj->n", D, P, D))


def mahalanobis_gradient(m, P, X):
    D = X - m
    return -np.mean(D @ (P + P.T), axis=0), D.T @ D / len(X)


enter(
    mahalanobis,
    mahalanobis_gradient,
    lambda random: (random.normal(size=3), random.normal(size=(3, 3)), random.normal(size=(6, 3))),
    (M.PATH_TWICE, "D @ (P + P.T)", "2 * D @ P"),
    (M.SIGN, "-np.mean", "np.mean"),
    (M.SUMMED, "D.T @ D / len(X)", "D.T @ D"),
    (M.FACTOR, "D.T @ D", "2 * D.T @ D"),
    (M.NOT_SUMMED, "-np.mean(D @ (P + P.T), axis=0)", "-D @ (P + P.T) / len(X)"),
    (M.PATH_MISSING, "(P + P.T)", "P"),
    (M.NOT_SUMMED, "-np.mean(D @ (P + P.T), axis=0)", "-(D @ (P + P.T))[0]"),
    argnums=(0, 1),
)


def gaussian_kernel(x, Z, a, s):
    return np.sum(a * np.exp(-np.sum((Z - x) ** 2, axis=1) / (2 * s**2)))


def gaussian_kernel_gradient(x, Z, a, s):
    k = a * np.exp(-np.sum((Z - x) ** 2, axis=1) / (2 * s**2))
    return np.sum(k[:, None] * (Z - x), axis=0) / s**2


enter(
    gaussian_kernel,
    gaussian_kernel_gradient,
    lambda random: (random.normal(size=3), random.normal(size=(6, 3)), random.normal(size=6), 1.7),
    (M.FACTOR, " / s**2\n", "\n"),
    (M.SIGN, "(Z - x), axis=0)", "(x - Z), axis=0)"),
    (M.INNER_FACTOR, "np.sum(k[:, None] * (Z - x), axis=0)", "np.sum(k[:, None] * np.ones_like(Z), axis=0)"),
    (M.INNER_FACTOR, "np.sum(k[:, None] * (Z - x), axis=0)", "np.sum(a[:, None] * (Z - x), axis=0)"),
    (M.NOT_SUMMED, "np.sum(k[:, None] * (Z - x), axis=0)", "k[:, None] * (Z - x)"),
    (M.AVERAGED, "np.sum(k[:, None] * (Z - x), axis=0)", "np.mean(k[:, None] * (Z - x), axis=0)"),
    (M.FACTOR, " / s**2\n", " / s\n"),
)
