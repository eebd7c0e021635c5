// A modal dialog: the browser's own, which keeps the focus and closes on Escape.

import { useEffect, useId, useRef, type ReactNode } from "react";
import { Icon } from "./icons";

export function Dialog(props: { title: string; onClose: () => void; children: ReactNode; sheet?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={props.sheet ? "sheet" : undefined}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onMouseDown={(event) => event.target === dialog.current && props.onClose()}
    >
      <div className="inside">
        <header>
          <h2 id={title}>{props.title}</h2>
          <button type="button" className="button plain icon" aria-label="Close" onClick={props.onClose}>
            <Icon of="close" />
          </button>
        </header>
        {props.children}
      </div>
    </dialog>
  );
}
