// The SQL editor: CodeMirror, in a file of its own that comes with the SQL page.
//
// It lives in a shadow root, where its styles are sheets made by script and not
// `<style>` elements, which the pages' policy forbids.

import { type CompletionContext, autocompletion, closeBrackets, snippetCompletion, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { PostgreSQL, sql, type SQLNamespace } from "@codemirror/lang-sql";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, Prec, type Extension } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { FUNCTIONS } from "./functions";

export interface Editor {
  text(): string;
  setText(text: string): void;
  insert(text: string): void;
  setSchema(schema: SQLNamespace): void;
  /** Shows where the server saw a fault; lines and columns from 1. */
  goTo(line: number, column: number): void;
  destroy(): void;
}

const look = EditorView.theme({
  "&": { fontSize: "13px", minHeight: "176px", maxHeight: "420px", backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-soft)", border: "0" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 6%, transparent)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 24%, transparent)",
  },
  ".cm-placeholder": { color: "var(--ink-soft)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", border: "1px solid var(--line)", borderRadius: "6px", color: "var(--ink)" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--ink)" },
  ".cm-completionDetail": { color: "var(--ink-soft)" },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: [tags.comment], color: "var(--ink-soft)", fontStyle: "italic" },
]);

const functions = FUNCTIONS.map(({ name, note }) =>
  snippetCompletion(`${name}(\${})`, { label: name, detail: note, type: "function", boost: -1 }),
);

/** SQL with the tenant's tables and columns, and the functions that there are. */
function languageOf(schema: SQLNamespace): Extension {
  const support = sql({ dialect: PostgreSQL, schema, upperCaseKeywords: false });
  return [
    support,
    support.language.data.of({
      autocomplete: (at: CompletionContext) => {
        const word = at.matchBefore(/\w+/);
        // After a dot stand columns, and in a string nothing.
        if (!word || (!at.explicit && word.to - word.from < 2) || /[.'"]/.test(at.state.sliceDoc(word.from - 1, word.from))) return null;
        return { from: word.from, options: functions, validFor: /^\w*$/ };
      },
    }),
  ];
}

export function makeEditor(host: HTMLElement, text: string, label: string, onRun: () => void): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren();
  const language = new Compartment();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => (onRun(), true) }])),
        lineNumbers(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        highlightActiveLine(),
        EditorView.lineWrapping,
        placeholder("select …"),
        EditorView.contentAttributes.of({ "aria-label": label }),
        syntaxHighlighting(colours),
        look,
        language.of(languageOf({})),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    setText: (to) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: to } }),
    insert: (piece) => {
      view.dispatch(view.state.replaceSelection(piece));
      view.focus();
    },
    setSchema: (schema) =>
      view.dispatch({ effects: language.reconfigure(languageOf(schema)) }),
    goTo: (line, column) => {
      const at = view.state.doc.line(Math.min(line, view.state.doc.lines));
      const anchor = Math.min(at.from + column - 1, at.to);
      view.dispatch({ selection: { anchor }, scrollIntoView: true });
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}
