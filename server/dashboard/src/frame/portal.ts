// Where what floats above the page is put: the document's end, or, within
// somebody else's page, the component's own box with its own styles.

import { createContext, useContext } from "react";

export const PortalContext = createContext<HTMLElement | null>(null);

export function usePortal(): HTMLElement | null {
  return useContext(PortalContext);
}
