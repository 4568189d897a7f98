"""Objects of matplotlib, scikit-learn and other packages."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

from saved_cases import NOT, PLAIN, ROUGH, TRUSTED, Case, group

_DRAWN = "(lambda c: (c.draw(), bytes(c.buffer_rgba())))(FigureCanvasAgg({figure}))"


def _drawing(title: str, expected: str, source: str, check: str) -> Case:
    start = (
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
        "from matplotlib.backends.backend_agg import FigureCanvasAgg\nplt.close('all')\n"
    )
    return Case(title, expected, start + source, check)


MATPLOTLIB = group(
    "matplotlib",
    _drawing("`Figure`", TRUSTED,
             "from matplotlib.figure import Figure\nx = Figure(figsize=(2, 2))\nx.subplots().plot([1, 3, 2])",
             "type(x), len(x.axes), " + _DRAWN.format(figure="x")),
    _drawing("`plt.subplots()`: figure and axes", TRUSTED,
             "x, axes_of = plt.subplots(figsize=(2, 2))\naxes_of.plot([1, 3, 2])",
             "x.axes[0] is axes_of, axes_of.figure is x, " + _DRAWN.format(figure="x")),
    _drawing("`Figure` with a function of the notebook (`mpl_connect`)", ROUGH,
             "from matplotlib.figure import Figure\nx = Figure(figsize=(2, 2))\ndef pressed(event): pass\n"
             "_ = x.canvas.mpl_connect('key_press_event', pressed)", "type(x), len(x.axes)"),
    _drawing("`Axes`, whose figure has no name", TRUSTED,
             "from matplotlib.figure import Figure\nx = Figure(figsize=(2, 2)).subplots()\nx.bar([1, 2], [3, 4])",
             "type(x), " + _DRAWN.format(figure="x.figure")),
    _drawing("`Line2D`", TRUSTED,
             "from matplotlib.figure import Figure\n(x,) = Figure().subplots().plot([1, 2], 'r--', label='l')",
             "type(x), x.get_xydata(), x.get_label(), x.get_color(), x.get_linestyle()"),
    _drawing("`imshow` with a color bar", TRUSTED,
             "from matplotlib.figure import Figure\nx = Figure(figsize=(2, 2))\n"
             "_ = x.colorbar(x.subplots().imshow([[1, 2], [3, 4]]))", _DRAWN.format(figure="x")),
    _drawing("`Colormap`", TRUSTED, "x = plt.get_cmap('viridis')", "type(x), x.name, x(0.3)"),
    _drawing("`Normalize`", TRUSTED, "from matplotlib.colors import LogNorm\nx = LogNorm(1, 10)",
             "type(x), x(3)"),
    _drawing("`rcParams`", TRUSTED, "x = matplotlib.rcParams", "x is matplotlib.rcParams"),
    _drawing("`colormaps`", TRUSTED, "x = matplotlib.colormaps", "x is matplotlib.colormaps"),
    _drawing("copy of `rcParams`", TRUSTED, "x = matplotlib.rcParams.copy()",
             "type(x), dict(x) == dict(matplotlib.rcParams)"),
    _drawing("`Path`, `Affine2D`", TRUSTED,
             "from matplotlib.path import Path as MPath\nfrom matplotlib.transforms import Affine2D\n"
             "x = [MPath([[0, 0], [1, 1]]), Affine2D().rotate(1)]", "x[0].vertices, x[1].get_matrix()"),
    _drawing("`FuncAnimation`", TRUSTED,
             "from matplotlib.animation import FuncAnimation\nfrom matplotlib.figure import Figure\n"
             "figure_moving = plt.figure()\nx = FuncAnimation(figure_moving, print, frames=2)\nx._draw_was_started = True",
             "type(x), x._interval, x._fig is figure_moving, x._func is print"),
)  # fmt: skip


def _fitted(
    title: str, source: str, check: str = "x, x.predict(X_fit)", expected: str = TRUSTED
) -> Case:
    start = (
        "import numpy as np\nrng_fit = np.random.default_rng(1)\n"
        "X_fit = rng_fit.normal(size=(40, 3))\ny_fit = (X_fit[:, 0] > 0).astype(int)\n"
    )
    return Case(title, expected, start + source, check)


SKLEARN = group(
    "scikit-learn",
    _fitted("`LinearRegression`, fitted",
            "from sklearn.linear_model import LinearRegression\nx = LinearRegression().fit(X_fit, y_fit)"),
    _fitted("`LinearRegression`, not fitted",
            "from sklearn.linear_model import LinearRegression\nx = LinearRegression()", "x, x.get_params()"),
    _fitted("`LogisticRegression`",
            "from sklearn.linear_model import LogisticRegression\nx = LogisticRegression().fit(X_fit, y_fit)"),
    _fitted("`Pipeline` with a scaler",
            "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\n"
            "from sklearn.linear_model import Ridge\nx = make_pipeline(StandardScaler(), Ridge()).fit(X_fit, y_fit)"),
    _fitted("`Pipeline` with a function from a cell",
            "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import FunctionTransformer\n"
            "from sklearn.linear_model import Ridge\ndef squares(X):\n    return X**2\n"
            "x = make_pipeline(FunctionTransformer(squares), Ridge()).fit(X_fit, y_fit)",
            "x.predict(X_fit), x[0].func is squares"),
    _fitted("`StandardScaler`", "from sklearn.preprocessing import StandardScaler\nx = StandardScaler().fit(X_fit)",
            "x, x.transform(X_fit)"),
    _fitted("`RandomForestClassifier`",
            "from sklearn.ensemble import RandomForestClassifier\n"
            "x = RandomForestClassifier(5, random_state=0).fit(X_fit, y_fit)"),
    _fitted("`GradientBoostingRegressor`",
            "from sklearn.ensemble import GradientBoostingRegressor\n"
            "x = GradientBoostingRegressor(n_estimators=5, random_state=0).fit(X_fit, y_fit)",
            "type(x), x.predict(X_fit)"),
    _fitted("`KMeans`", "from sklearn.cluster import KMeans\nx = KMeans(2, n_init=1, random_state=0).fit(X_fit)"),
    _fitted("`PCA`", "from sklearn.decomposition import PCA\nx = PCA(2).fit(X_fit)", "x, x.transform(X_fit)"),
    _fitted("`KNeighborsClassifier` with a KD tree",
            "from sklearn.neighbors import KNeighborsClassifier\n"
            "x = KNeighborsClassifier(3, algorithm='kd_tree').fit(X_fit, y_fit)", "type(x), x.predict(X_fit)"),
    _fitted("`SVC`", "from sklearn.svm import SVC\nx = SVC().fit(X_fit, y_fit)"),
    _fitted("`GridSearchCV`",
            "from sklearn.model_selection import GridSearchCV\nfrom sklearn.linear_model import Ridge\n"
            "x = GridSearchCV(Ridge(), {'alpha': [1, 2]}, cv=2).fit(X_fit, y_fit)",
            "type(x), x.best_params_, x.predict(X_fit)"),
    _fitted("estimator from a cell",
            "from sklearn.base import BaseEstimator, RegressorMixin\n"
            "class MeanRegressor(RegressorMixin, BaseEstimator):\n"
            "    def fit(self, X, y):\n        self.mean_ = y.mean()\n        return self\n"
            "    def predict(self, X):\n        return np.full(len(X), self.mean_)\n"
            "x = MeanRegressor().fit(X_fit, y_fit)", "type(x) is MeanRegressor, x.predict(X_fit)"),
    _fitted("`load_iris()`", "from sklearn.datasets import load_iris\nx = load_iris()", "type(x), dict(x)"),
    _fitted("`train_test_split`: parts of the data",
            "from sklearn.model_selection import train_test_split\n"
            "x = train_test_split(X_fit, y_fit, random_state=0)", "x", PLAIN),
)  # fmt: skip

OTHERS = group(
    "Other packages",
    ("`scipy.sparse` matrix", TRUSTED,
     "import scipy.sparse\nx = scipy.sparse.csr_array([[0, 1], [2, 0]])",
     "type(x), x.format, x.dtype, x.indices, x.indptr, x.data"),
    ("`scipy.stats` distribution", TRUSTED, "import scipy.stats\nx = scipy.stats.norm(1, 2)", "x.cdf(0.5)"),
    ("`scipy.interpolate` spline", TRUSTED,
     "import scipy.interpolate\nx = scipy.interpolate.CubicSpline([0, 1, 2], [0, 1, 0])", "x(0.3)"),
    ("`PIL.Image`", TRUSTED, "from PIL import Image\nx = Image.new('P', (2, 2), 3)\nx.putpalette(range(256))\nx.info['dpi'] = (7, 7)",
     "type(x), x.mode, x.size, x.tobytes(), x.getpalette(), x.info"),
    ("`pyarrow.Table`", TRUSTED, "import pyarrow\nx = pyarrow.table({'a': [1, None]})",
     "type(x), x.to_pydict(), x.schema == pyarrow.schema([('a', 'int64')])"),
    ("`openpyxl.Workbook`", TRUSTED, "import openpyxl\nx = openpyxl.Workbook()\nx.active['A1'] = 5\n"
     "x.active['A1'].font = openpyxl.styles.Font(bold=True)\n_ = x.create_sheet('more')",
     "type(x), x.sheetnames, x.active['A1'].value, x.active['A1'].font.b, x.active['A1'].parent is x.active"),
    ("`tqdm`", NOT, "from tqdm import tqdm\nimport io\nx = tqdm(total=3, file=io.StringIO())", "type(x), x.n"),
)  # fmt: skip

GROUPS = (MATPLOTLIB, SKLEARN, OTHERS)
