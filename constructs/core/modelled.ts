import { Construct } from 'constructs';
import type { Grant } from './grant.js';
import type { Model } from './model.js';
import type { Output } from './output.js';

/** A construct that has a model. */
export abstract class Modelled extends Construct {
  /** Complete when the tree is. */
  abstract readonly model: Model;

  /** What is reached from the host through it. Complete when the tree is. */
  get outputs(): readonly Output[] {
    return [];
  }
  /** Who may do what with it. Complete when the tree is. */
  get grants(): readonly Grant[] {
    return [];
  }
}
