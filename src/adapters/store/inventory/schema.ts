import type { Generated } from 'kysely';

/** Types are those that SQLite and PostgreSQL share. Texts are as `stored-text.ts` writes them. */
export interface InventorySchema {
  /** One row for each platform's manifest that somebody asked for. */
  images: {
    id: Generated<number>;
    digest: string;
    /** Milliseconds since 1970. */
    used_at: number;
  };
  /** What one version of the cataloger found in an image. */
  lists: {
    id: Generated<number>;
    image_id: number;
    cataloger: string;
    listed_at: number;
    created_at: string | null;
    distribution_id: string | null;
    distribution_version: string | null;
    distribution_name: string | null;
    /** How many rows of `holdings` and `gaps` belong to it: a list with fewer is no list. */
    holdings: number;
    gaps: number;
  };
  /** The hosts that have delivered the image of a list, and so the layers of that list. */
  deliveries: {
    list_id: number;
    /** 0: the last one. */
    position: number;
    host: string;
  };
  /** A package, whichever images hold it. */
  packages: {
    id: Generated<number>;
    /** A hash of all that follows. */
    hash: string;
    ecosystem: string;
    name: string;
    version: string;
    purl: string | null;
    source_name: string | null;
    source_version: string | null;
    module: string | null;
    /** `packageKeyName` of its own name, and of the one that advisories call it by. */
    own_key: string;
    advised_key: string;
  };
  /** Which list holds which package, and where. */
  holdings: {
    list_id: number;
    position: number;
    package_id: number;
    path: string | null;
    /** The number of its layer in `layers`. */
    layer: number | null;
    /** The position of the package that owns its files. */
    owner: number | null;
    /** 0: it stands here as an owner alone. */
    is_listed: number;
  };
  /** Layers and build steps of a list. */
  layers: {
    list_id: number;
    number: number;
    digest: string | null;
    created_by: string | null;
  };
  gaps: {
    list_id: number;
    position: number;
    kind: string;
    what: string;
  };
}
