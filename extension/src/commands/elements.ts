/**
 * HTML elements for dialogs.
 *
 * What they show may come from a stranger's bundle: text becomes text nodes, never markup.
 */

type Tag = keyof HTMLElementTagNameMap;

/**
 * Return a new element.
 *
 * @param tag Its name.
 * @param attributes Its attributes; never from a bundle.
 * @param children Elements, and texts from anywhere.
 */
export function element<T extends Tag>(
  tag: T,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Return a name from a notebook or a bundle; its writing direction changes nothing around it. */
export function nameElement(name: string): HTMLElement {
  return element('bdi', {}, name);
}

/** Return a row of a table. */
export function rowElement(
  ...cells: readonly (Node | string)[]
): HTMLTableRowElement {
  return element('tr', {}, ...cells.map(cell => element('td', {}, cell)));
}

/** Return a list of texts, or nothing if there are none. */
export function listElements(
  texts: readonly (Node | string)[],
  className = 'litestate-list'
): HTMLElement[] {
  return texts.length
    ? [
        element(
          'ul',
          { class: className },
          ...texts.map(text => element('li', {}, text))
        )
      ]
    : [];
}

/** Return elements under a summary that unfolds them. */
export function foldedElement(
  summary: string,
  content: readonly Node[]
): HTMLDetailsElement {
  return element(
    'details',
    {},
    element('summary', {}, summary),
    ...(content as Node[])
  );
}

/** Return a labeled input; the label is beside a checkbox or radio button, and above a text. */
export function inputElement(
  label: string,
  attributes: Readonly<Record<string, string>>
): { label: HTMLLabelElement; input: HTMLInputElement } {
  const input = element('input', attributes);
  const isText = attributes.type === 'text';
  if (isText) {
    input.classList.add('jp-mod-styled');
  }
  const text = element('span', {}, label);
  const className = isText ? 'litestate-field' : 'litestate-choice';
  return {
    label: element(
      'label',
      { class: className },
      ...(isText ? [text, input] : [input, text])
    ),
    input
  };
}
