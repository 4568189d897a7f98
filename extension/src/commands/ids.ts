/** The commands of this extension that ask a notebook's kernel. */

export const CommandIDs = {
  save: 'litestate:save-state',
  load: 'litestate:load-state',
  checkpoint: 'litestate:checkpoint',
  undo: 'litestate:undo',
  restore: 'litestate:restore',
  clear: 'litestate:clear-state',
  export: 'litestate:export-tables',
  handIn: 'litestate:hand-in',
  forget: 'litestate:forget-history'
} as const;
