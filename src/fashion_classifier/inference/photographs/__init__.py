"""From a photograph to what a Fashion-MNIST model understands: the garment is found, cut out and brought to its form.

::

    colour      sRGB -> CIELAB
    patches     a picture cut into patches of one colour (SLIC)
    saliency    which of them stand out from the border (robust background detection)
    mixture     colours of garment and background
    cutting     the cut between both that costs least
    garment     all of these: a photograph -> a mask
    framing     a photograph and a mask -> an image like Fashion-MNIST's
    seen        a picture -> `Seen`
    fitting     from changed training images the rules by which photographs are answered (`photograph_rules`)
    answering   `Seen` and a model -> answers
"""
