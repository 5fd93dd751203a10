"""The garment in a photograph: found, cut out and brought to the form of Fashion-MNIST's images. NumPy and SciPy alone.

::

    colour      sRGB -> CIELAB
    patches     a picture cut into patches of one colour (SLIC)
    saliency    which of them stand out from the border (robust background detection)
    mixture     colours of garment and background
    cutting     the cut between both that costs least
    finding     all of these: a photograph -> a mask
    framing     a photograph and a mask -> an image like Fashion-MNIST's
    photograph  what is a photograph, and the plainest such image of one
"""
