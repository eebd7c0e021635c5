// A part that breaks says so; the rest stands.

import { Component, type ReactNode } from "react";
import { Failed } from "./notice";

export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <Failed error={error} retry={() => this.setState({ error: null })} />;
  }
}
