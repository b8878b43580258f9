/**
 * Colours are named by their role. A chart is drawn with `var(--role)`, so one drawing serves light
 * and dark; files that leave the page get the light colours and a style for dark. Text roles have
 * at least 4.5:1 against `paper`, graphic roles at least 3:1, in both themes (tested).
 */
export const palette = {
  paper: { light: '#fdfdfb', dark: '#15181b' },
  ink: { light: '#1b1e21', dark: '#e9e7e2' },
  muted: { light: '#5c6268', dark: '#a4a9ae' },
  hairline: { light: '#e3e2dc', dark: '#2c3136' },
  shade: { light: '#f3f2ed', dark: '#1d2125' },
  accent: { light: '#0b5cad', dark: '#6fb3f7' },
  good: { light: '#176b3a', dark: '#6fcf97' },
  bad: { light: '#b3261e', dark: '#ff8f84' },
  doubt: { light: '#8a5a00', dark: '#e8b04b' },
  offered: { light: '#7b8187', dark: '#8e959b' },
  first: { light: '#0b5cad', dark: '#6fb3f7' },
  second: { light: '#b4520a', dark: '#f0a15a' },
  third: { light: '#0e766a', dark: '#4ec5b1' },
  fourth: { light: '#7a3db0', dark: '#c69df2' },
  fifth: { light: '#a8235c', dark: '#f18bb3' },
  sixth: { light: '#5d6b1a', dark: '#b9cc5a' },
  fault: { light: '#b3261e', dark: '#ff8f84' },
  served: { light: '#176b3a', dark: '#6fcf97' },
  heat1: { light: '#d9e7f5', dark: '#1d3348' },
  heat2: { light: '#b4d0ec', dark: '#22486b' },
  heat3: { light: '#84b2df', dark: '#2a608f' },
  heat4: { light: '#4d8fcd', dark: '#3a7db8' },
  heat5: { light: '#226db3', dark: '#5b9edb' },
  heat6: { light: '#0d4d8c', dark: '#8dc2f2' },
  heat7: { light: '#072f5b', dark: '#cfe6fb' },
} as const;

export type Role = keyof typeof palette;

export function ink(role: Role): string {
  return `var(--${role})`;
}

export const heatRoles = ['heat1', 'heat2', 'heat3', 'heat4', 'heat5', 'heat6', 'heat7'] as const;

/** Runs or series told apart by colour, dash and letter together, never by colour alone. */
export const strokes: readonly { readonly role: Role; readonly dash: readonly number[] }[] = [
  { role: 'first', dash: [] },
  { role: 'second', dash: [7, 3] },
  { role: 'third', dash: [2, 2] },
  { role: 'fourth', dash: [9, 3, 2, 3] },
  { role: 'fifth', dash: [4, 2] },
  { role: 'sixth', dash: [12, 4] },
];

/** The declarations of one theme: `--paper:#fdfdfb;--ink:...`. */
export function declarations(theme: 'light' | 'dark'): string {
  return Object.entries(palette)
    .map(([role, colours]) => `--${role}:${colours[theme]};`)
    .join('');
}

/** Replaces every `var(--role)` by its light colour, for readers that know no CSS variables. */
export function inLight(text: string): string {
  return text.replace(/var\(--(\w+)\)/g, (whole, role: string) =>
    role in palette ? palette[role as Role].light : whole,
  );
}
