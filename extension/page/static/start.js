/**
 * Tells the user that Python does not start, and what to do, because a missing kernel cannot.
 *
 * It is a JupyterLab extension without a build step. The page loads this file and asks the container
 * at its end for the extension. Meanwhile, JupyterLab's own indicator says "Unknown" forever.
 */
{
  /** Milliseconds without a started kernel until the user is told; a start takes 10 to 30 s. */
  const PATIENCE = 60_000;
  /** Milliseconds between two checks. */
  const INTERVAL = 2_000;
  /** Milliseconds that saving the notebooks may take before the page is reloaded. */
  const SAVING = 10_000;

  const STARTED = new Set(['idle', 'busy']);
  const STARTING = new Set(['unknown', 'initializing', 'connecting', 'starting', 'restarting']);

  // JupyterLab shows 140 characters of it.
  const MESSAGE =
    'Python has not started after 60 s. Wait if the connection is slow. Otherwise reload: ' +
    'what was stored before is kept.';

  const RELOAD = 'litestate:save-and-reload';

  /** The notebooks and consoles of the page. */
  function contexts({ shell }) {
    const all = [...shell.widgets('main')].map((widget) => widget.sessionContext);
    return all.filter((context) => context && !context.isDisposed);
  }

  /** Whether to wait for a kernel; if a dialog asks for one, the user decides. */
  function isStarting(context) {
    const isAsked = !context.session?.kernel && document.querySelector('.jp-Dialog');
    return STARTING.has(context.kernelDisplayStatus) && !context.hasNoKernel && !isAsked;
  }

  class Watch {
    constructor(app) {
      this.app = app;
      /** How long each session context has waited (milliseconds). */
      this.waited = new Map();
      this.last = performance.now();
      this.notice = undefined;
    }

    look() {
      const now = performance.now();
      // A computer that slept has not waited.
      const passed = Math.min(now - this.last, 2 * INTERVAL);
      this.last = now;
      const present = contexts(this.app);
      for (const context of this.waited.keys()) {
        if (!present.includes(context)) this.waited.delete(context);
      }
      for (const context of present) {
        if (STARTED.has(context.kernelDisplayStatus)) this.waited.delete(context);
        else if (isStarting(context)) {
          this.waited.set(context, (this.waited.get(context) ?? 0) + passed);
        }
      }
      const isLate = Math.max(0, ...this.waited.values()) >= PATIENCE;
      if (isLate && this.notice === undefined) void this.tell();
      if (!this.waited.size && this.notice !== undefined) void this.takeBack();
    }

    async tell() {
      this.notice = null;
      console.warn(`litestate: ${MESSAGE}`);
      this.notice = await this.app.commands.execute('apputils:notify', {
        message: MESSAGE,
        type: 'warning',
        options: { autoClose: false, actions: [{ label: 'Save and reload', commandId: RELOAD }] },
      });
    }

    async takeBack() {
      const id = this.notice;
      // The kernel is starting.
      if (id === null) return;
      this.notice = undefined;
      await this.app.commands.execute('apputils:dismiss-notification', { id });
    }
  }

  async function saveAndReload({ commands }) {
    const late = new Promise((resolve) => setTimeout(resolve, SAVING));
    const saved = commands.execute('docmanager:save-all').catch(console.warn);
    await Promise.race([saved, late]);
    location.reload();
  }

  const plugin = {
    id: 'litestate:start',
    description: 'Tells the user when a kernel does not start.',
    autoStart: true,
    activate: (app) => {
      app.commands.addCommand(RELOAD, {
        label: 'Save and Reload the Page',
        execute: () => saveAndReload(app),
      });
      const watch = new Watch(app);
      setInterval(() => watch.look(), INTERVAL);
    },
  };

  window._JUPYTERLAB ??= {};
  const container = { init: () => {}, get: async () => () => ({ __esModule: true, default: plugin }) };
  window._JUPYTERLAB.litestate = container;
}
