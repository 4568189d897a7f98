// A kernel without JupyterLab around it, at an address like that of the real one: saves
// generations until the browser is killed, and tells the test's server what happens.
const wanted = new URLSearchParams(location.search);

async function report(facts) {
  await fetch("report", { method: "POST", body: JSON.stringify(facts) });
}

try {
  const { loadPyodide } = await import("../../../static/pyodide/pyodide.mjs");
  const { wheels } = await import("../../litestate/static/kernel/wheels.mjs");
  const folder = new URL("../../litestate/static/pypi/", location.href).href;
  const packages = wanted.getAll("package").flatMap((name) =>
    name === "litestate" ? wheels.map(({ file }) => folder + file) : name,
  );
  const pyodide = await loadPyodide({ packages });
  pyodide.FS.mkdirTree("/tmp/killing");
  for (const name of wanted.getAll("module")) {
    const source = await (await fetch(`${name}.py`)).text();
    pyodide.FS.writeFile(`/tmp/killing/${name}.py`, source);
  }
  pyodide.globals.set("report", (facts) => report(JSON.parse(facts)));
  pyodide.globals.set("store", wanted.get("store"));
  await pyodide.runPythonAsync(`
    import json, sys
    sys.path.insert(0, "/tmp/killing")
    import generations
    async def _report(**facts):
        await report(json.dumps(facts))
    await generations.run(store, _report)
  `);
} catch (error) {
  await report({ kind: "failed", why: String(error) });
}
